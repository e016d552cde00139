#pragma once
#include <stdint.h>

#include "pooling.h"

// Convolutions with stride 1 in up to two dimensions without columns. The images of a batch lie in one plane for
// each channel, with zeros between rows and between images (shared by neighbours), so that every weight is
// multiplied with a stretch of it at a fixed distance: one loop serves all positions. A piece is a range of rows of
// that plane, and of columns when they are many.

/// What follows from the shapes of one group: set by `isotach_direct_plan`.
typedef struct {
  isotach_window window;
  int64_t batch, channels, filters;
  /// Floats from one row of the plane to the next, rows from one image to the next, rows in all.
  int64_t pitch, image_rows, rows;
  /// Rows of a piece, ranges of rows, ranges of columns, columns of a range.
  int64_t piece_rows, row_pieces, column_pieces, piece_columns;
  /// Ranges of filters, and filters of a range (a multiple of 8).
  int64_t filter_pieces, piece_filters;
} isotach_direct;

/// 1 when this way can compute the convolution, else 0.
int isotach_direct_plan(const isotach_window *window, int64_t batch, int64_t channels, int64_t filters,
                        isotach_direct *plan);
/// The pieces that the work is cut into.
int64_t isotach_direct_pieces(const isotach_direct *plan);
/// Floats of packed weights.
int64_t isotach_direct_packed(const isotach_direct *plan);
/// Floats of scratch memory of a worker.
int64_t isotach_direct_scratch(const isotach_direct *plan);
/// Packs weights[filter][channel][kernel]; with `turned` weights[channel][filter][kernel], their kernel turned by
/// 180 degrees, as the gradient of the input needs them. Of the filters [first, last), first a multiple of 8.
void isotach_direct_pack(const isotach_direct *plan, int turned, int64_t first, int64_t last, const float *weights,
                         float *packed);
/// Computes a piece. `x` and `y` are the first images of the group, `x_step` and `y_step` the floats from one image
/// to the next; `bias` may be null. `scratch` is aligned to 64 bytes.
void isotach_direct_run(const isotach_direct *plan, int64_t piece, const float *x, int64_t x_step,
                        const float *packed, const float *bias, float *y, int64_t y_step, float *scratch);

/// The gradient of the weights, in sums over ranges of rows and ranges of filters.
typedef struct {
  isotach_direct base;
  /// Taps whose channels lie in one run: the kernel's width, or 1 when it is dilated.
  int64_t joined;
  /// Runs of taps, floats of a run, and the same filled up to vectors.
  int64_t runs, run, padded_run;
  int64_t padded_filters;
} isotach_direct_gradient;

int isotach_direct_gradient_plan(const isotach_window *window, int64_t batch, int64_t channels, int64_t filters,
                                 isotach_direct_gradient *plan);
/// Floats of the sums of one part over all filters.
int64_t isotach_direct_gradient_sums(const isotach_direct_gradient *plan);
int64_t isotach_direct_gradient_scratch(const isotach_direct_gradient *plan);
/// Sets the sums of the filters [first, last) (first a multiple of 8) to what the pieces of rows
/// [first_piece, last_piece) contribute.
void isotach_direct_gradient_run(const isotach_direct_gradient *plan, int64_t first_piece, int64_t last_piece,
                                 int64_t first, int64_t last, const float *x, int64_t x_step, const float *y,
                                 int64_t y_step, float *sums, float *scratch);
/// weights[filter][channel][kernel] of the filters [first, last) = the sums of all parts, added in their order.
void isotach_direct_gradient_finish(const isotach_direct_gradient *plan, int64_t parts, const float *sums,
                                    int64_t first, int64_t last, float *weights);
