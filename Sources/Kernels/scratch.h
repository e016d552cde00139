#pragma once
#include <stddef.h>

/// Memory of this thread, aligned to 64 bytes, kept until the thread ends; what a slot held may be gone after a
/// call that asks for more. Null when there is none. Private. Slots: 0 sgemm, 1 convolution.
void *isotach_scratch(int slot, size_t bytes);
