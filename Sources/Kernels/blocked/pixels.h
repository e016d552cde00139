#pragma once
#include "kernels.h"

// Output pixels in row-major order over all images, and where they lie. Private.

/// Floats from the first pixel of values to some pixels.
typedef struct {
  const int64_t *y, *residual, *mask;
} isotach_offsets;

/// The first pixels of the blocks of results that are made together.
typedef struct {
  float *y[4];
  const float *residual[4], *mask[4];
} isotach_bases;

/// starts[tap * rows + i] = the pixel of the first block under tap `tap` of output pixel first + i; zeros outside.
/// Strides and dilations are at least 1.
void isotach_find_taps(const isotach_convolution *shape, const isotach_blocked *x, int64_t first, int64_t rows,
                       const float **starts);
/// offset[q - first] = floats from y's first pixel to output pixel q of the same block, `columns` columns apart.
void isotach_find_pixels(const isotach_convolution *shape, const isotach_blocked *y, int64_t columns, int64_t first,
                         int64_t last, int64_t *offset);
