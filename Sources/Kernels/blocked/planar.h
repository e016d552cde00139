#pragma once
#include "kernels.h"

// Sums over channels in planes of their own: vectors of pixels, for convolutions with few filters. Private.

typedef struct {
  int64_t kernel_y, kernel_x, dilation_y, dilation_x;
  /// Channels; floats from one plane to the next, from one row to the next.
  int64_t depth, plane_step, pitch;
  /// Floats from one row of sums to the next.
  int64_t sums_step;
} isotach_planar;

/// A tile of sums is so many rows, and twice a vector of columns.
enum { ISOTACH_PLANAR_ROWS = 4 };
/// The most columns that a tile has, on any processor.
enum { ISOTACH_PLANAR_COLUMNS = 32 };

/// Rows y0 ..< y0 + rows and columns x0 ..< x0 + columns of `depth` channels of a block of an image in planes; zeros
/// outside the image and its halo.
void isotach_planar_gather(int level, const isotach_planar *p, const isotach_blocked *x, int64_t block, int64_t image,
                           int64_t y0, int64_t rows, int64_t x0, int64_t columns, float *planes);

/// The same of `depth` channels of a plain image, which begins at x.
void isotach_planar_gather_plain(int level, const isotach_planar *p, const float *x, int64_t height, int64_t width,
                                 int64_t y0, int64_t rows, int64_t x0, int64_t columns, float *planes);

/// sums[f][i][j] (+)= the sum over c, kx, ky, in this order, of b[f][c][kx][ky] times what lies there in the planes, for
/// rows x columns, rounded up to whole tiles; filters lie b_step and c_step apart.
void isotach_planar_sums(int level, const isotach_planar *p, int64_t filters, int64_t rows, int64_t columns,
                         const float *planes, const float *b, int64_t b_step, float *sums, int64_t c_step, int adds);

/// y[j] = sums[j] + bias (+ residual[j]), and what follows.
void isotach_planar_finish(int level, int64_t columns, const float *sums, float bias, const float *residual,
                           const isotach_epilogue *epilogue, float *y);
