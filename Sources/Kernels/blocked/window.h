#pragma once
#include "kernels.h"

// Windows over the rows of the blocked layout. Private.

// Taps first ..< last of the windows at `start` (of `count` taps `dilation` apart) that lie in low ..< high.
static inline void isotach_taps_inside(int64_t start, int64_t count, int64_t dilation, int64_t low, int64_t high,
                                       int64_t *first, int64_t *last) {
  int64_t a = start >= low ? 0 : (low - start + dilation - 1) / dilation;
  int64_t b = start >= high ? 0 : (high - start + dilation - 1) / dilation;
  *last = b < 0 ? 0 : b > count ? count : b;
  *first = a > *last ? *last : a;
}

// Outputs first ..< last of 0 ..< outputs whose whole window lies in low ..< high.
static inline void isotach_whole_windows(int64_t outputs, int64_t stride, int64_t before, int64_t reach, int64_t low,
                                         int64_t high, int64_t *first, int64_t *last) {
  int64_t a = low + before <= 0 ? 0 : (low + before + stride - 1) / stride;
  int64_t room = high - 1 - reach + before, b = room < 0 ? 0 : room / stride + 1;
  *last = b > outputs ? outputs : b;
  *first = a > *last ? *last : a;
}
