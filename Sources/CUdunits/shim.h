#pragma once
#include <udunits2.h>
