#pragma once
#include "kernels.h"

// Small helpers of the blocked kernels. Private.

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
/// a / b rounded up.
static inline int64_t over(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The shape with groups, strides and dilations of at least 1; 0 when a size or the kernel is not positive or the
/// groups do not divide.
static inline int isotach_complete(isotach_convolution *s) {
  s->groups = most(s->groups, 1);
  s->stride_y = most(s->stride_y, 1), s->stride_x = most(s->stride_x, 1);
  s->dilation_y = most(s->dilation_y, 1), s->dilation_x = most(s->dilation_x, 1);
  if (s->images < 1 || s->channels < 1 || s->filters < 1 || s->out_height < 1 || s->out_width < 1) return 0;
  if (s->kernel_y < 1 || s->kernel_x < 1) return 0;
  return s->channels % s->groups == 0 && s->filters % s->groups == 0;
}
