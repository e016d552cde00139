#pragma once
#include <udunits2.h>

// The library prints to stderr unless it is told not to.
static inline void isotach_ut_silence(void) { ut_set_error_message_handler(ut_ignore); }
