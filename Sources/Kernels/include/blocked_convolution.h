#pragma once
#include <stdint.h>

#include "blocked.h"

// Convolutions in the blocked layout. Every kind works alike:
//
//   isotach_x_plan(&shape, ..., &plan)      decides everything; 1 when it can be computed this way, else 0
//   isotach_x_packed(&plan)                 floats of the packed weights (with the bias)
//   isotach_x_pack(&plan, w, bias, first, last, packed)   packs ranges 0 ..< isotach_x_pack_ranges(&plan), in any
//                                           order and on any thread; once for inference
//   isotach_x_shared(&plan)                 floats that all workers share during a run
//   isotach_x_scratch(&plan)                floats of each worker
//   isotach_x_phases(&plan), isotach_x_pieces(&plan, phase)
//   isotach_x_run(&plan, phase, piece, ...) a piece of a phase; all pieces of a phase may run at the same time,
//                                           and must be done before the next phase begins
//
// Plans are values without pointers to memory of their own, the same for every run; they hold the processor's level
// at the time of planning. Packed weights fit the plan that packed them.

/// A convolution y = x * w: what is not said is zero or one. Outside the image and its halo x counts as zero.
typedef struct {
  int64_t images, channels, filters;
  /// Groups divide channels and filters. 0 counts as 1.
  int64_t groups;
  int64_t height, width, out_height, out_width;
  int64_t kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x;
  /// Padding above and to the left: output (0, 0) begins at row -before_y, column -before_x of x.
  int64_t before_y, before_x;
  /// Not 0: computes the gradient of the input of a convolution with stride 1 whose weights are
  /// w[channels][filters / groups][ky][kx] (of its view [filters of it][channels of it / groups]): the kernel is
  /// turned by 180 degrees, channels and filters change places; `before` is dilation * (kernel - 1) - its padding.
  int64_t turned;
  /// NULL: lane l is channel l. Otherwise the channel of each lane of x (in_blocks * 16 numbers), -1 for none: after
  /// a concatenation by placement of values whose channels are no multiple of 16. Only for groups = 1.
  const int32_t *channel_of_lane;
  int64_t in_blocks;
  /// The same for the filters and the lanes of y.
  const int32_t *filter_of_lane;
  int64_t out_blocks;
} isotach_convolution;

enum {
  ISOTACH_LINEAR,
  /// max(v, 0); v < 0 ? slope * v : v; min(max(v, low), high). NaN stays.
  ISOTACH_RELU,
  ISOTACH_LEAKY,
  ISOTACH_CLIP,
};

/// What happens to v = convolution + bias before it is stored: v += residual; v = mask > 0 ? v : 0 (slope * v with
/// ISOTACH_LEAKY); v = activation(v) without a mask.
typedef struct {
  int32_t activation;
  float slope, low, high;
  /// NULL or a value with the shape of y. May be y itself.
  const isotach_blocked *residual;
  /// NULL or a value with the shape of y: the output of the rectifier (or leaky one) whose gradient goes on backward.
  const isotach_blocked *mask;
  /// Winograd only: NULL or a value of half the height and width of y (rounded down), which gets the maxima of 2 x 2.
  const isotach_blocked *pooled;
} isotach_epilogue;

/// Plain loops over NCHW that sum in double. `residual` (NULL: none) has the shape of y; the values in the epilogue are
/// not looked at.
void isotach_convolution_reference(const isotach_convolution *shape, const float *x, const float *w, const float *bias,
                                   const float *residual, const isotach_epilogue *epilogue, float *y);

// MARK: Winograd: 3 x 3 and 5 x 5, stride 1, dilation 1, one group

// F(4x4, 3x3) on the points 0, +-1/sqrt 2, +-sqrt 2, infinity needs 2.25 of the 9 multiplications, F(6x6, 3x3) on 0,
// +-1, +-2, +-1/2, infinity 1.78, F(2x2, 3x3) on 0, +-1, infinity 4, but has 16 transformed weights for 9, not 36 or
// 64 (A. Lavin, S. Gray: Fast algorithms for convolutional neural networks, 2015). The
// largest error over the largest value of the result is about 3e-6, 8e-6 and 1e-6 (direct: 1e-6), and below 5e-5 for
// up to 1024 channels of ordinary data.

typedef struct {
  isotach_convolution shape;
  int32_t level, tile, points, is_split;
  int64_t in_blocks, out_blocks, tiles_y, tiles_x, tiles;
  /// Ranges of output blocks that share a block of packed weights.
  int64_t ranges;
  /// Tiles of a piece; tiles and pieces of a chunk, chunks. Fused: one chunk.
  int64_t piece_tiles, chunk_tiles, pieces, chunks;
} isotach_winograd;

enum { ISOTACH_WINOGRAD_AUTO, ISOTACH_WINOGRAD_FUSED, ISOTACH_WINOGRAD_SPLIT };

/// Whether F(tile x tile, 3 x 3) should be faster than the direct sums, by the shape alone: multiplications and
/// transforms of its tiles (the last ones in a row or column reach over the edge) against the direct multiplications,
/// or the reading of the weights, where a byte costs as much as 10 operations. 0 where it cannot be used.
int isotach_winograd_pays(const isotach_convolution *shape, int tile);

/// `tile` is 2, 4 or 6 for 3 x 3, 4 for 5 x 5 (on the points of F(6x6, 3x3): 4 of the 25 multiplications). Fused: a piece transforms, multiplies and transforms back some tiles, all within the second-level
/// cache. Split, for many channels: phase 2 k transforms chunk k of the tiles (mostly all) into the shared memory, phase
/// 2 k + 1 shares out the filters, so that the weights are read once for a chunk. Both give the same bits.
int isotach_winograd_plan(const isotach_convolution *shape, int tile, int mode, isotach_winograd *plan);
int64_t isotach_winograd_packed(const isotach_winograd *plan);
int64_t isotach_winograd_pack_ranges(const isotach_winograd *plan);
/// `bias` may be NULL: zeros.
void isotach_winograd_pack(const isotach_winograd *plan, const float *w, const float *bias, int64_t first,
                           int64_t last, float *packed);
int64_t isotach_winograd_shared(const isotach_winograd *plan);
int64_t isotach_winograd_scratch(const isotach_winograd *plan);
int64_t isotach_winograd_phases(const isotach_winograd *plan);
int64_t isotach_winograd_pieces(const isotach_winograd *plan, int64_t phase);
void isotach_winograd_run(const isotach_winograd *plan, int64_t phase, int64_t piece, const isotach_blocked *x,
                          const float *packed, const isotach_epilogue *epilogue, const isotach_blocked *y,
                          float *shared, float *scratch);

// MARK: any other convolution, and the exact one

// Direct sums: any kernel, stride, dilation and groups (groups whose channels or filters are no multiple of 16 are
// merged until they are, with zeros between them: depthwise convolutions have a kernel of their own below). Sums in
// float32 in the order of (block of channels, tap, channel): the error is about 1e-6 of the largest value.

typedef struct {
  isotach_convolution shape;
  int32_t level, taps;
  /// Groups after merging, and blocks of each.
  int64_t groups, in_blocks, out_blocks;
  /// So many times the filters, each time with another tap of a larger kernel, are the blocks of the result; 1 but for
  /// transposed convolutions.
  int64_t copies;
  /// Channels of the last block of a group that are summed.
  int64_t last_depth;
  /// Ranges of output blocks of a group that share a block of packed weights; ranges that are pieces of their own.
  int64_t ranges, range_pieces;
  int64_t piece_pixels, pixel_pieces;
} isotach_general;

/// 0 for sizes that are not positive, and for groups that do not divide.
int isotach_general_plan(const isotach_convolution *shape, isotach_general *plan);
int64_t isotach_general_packed(const isotach_general *plan);
int64_t isotach_general_pack_ranges(const isotach_general *plan);
void isotach_general_pack(const isotach_general *plan, const float *w, const float *bias, int64_t first, int64_t last,
                          float *packed);
int64_t isotach_general_scratch(const isotach_general *plan);
/// There is one phase.
int64_t isotach_general_pieces(const isotach_general *plan);
void isotach_general_run(const isotach_general *plan, int64_t piece, const isotach_blocked *x, const float *packed,
                         const isotach_epilogue *epilogue, const isotach_blocked *y, float *scratch);

// MARK: few channels in, plain input

// The first convolution of a network: x is plain NCHW (images image_step floats apart, channels contiguous), y is
// blocked; terms = channels * kernel_y * kernel_x are at most 1024. Nothing is wasted on lanes without a channel.

typedef struct {
  isotach_convolution shape;
  int32_t level;
  int64_t out_blocks, ranges, terms, piece_rows, row_pieces, plane_rows, pitch;
} isotach_first;

int isotach_first_plan(const isotach_convolution *shape, isotach_first *plan);
int64_t isotach_first_packed(const isotach_first *plan);
int64_t isotach_first_pack_ranges(const isotach_first *plan);
void isotach_first_pack(const isotach_first *plan, const float *w, const float *bias, int64_t first, int64_t last,
                        float *packed);
int64_t isotach_first_scratch(const isotach_first *plan);
int64_t isotach_first_pieces(const isotach_first *plan);
void isotach_first_run(const isotach_first *plan, int64_t piece, const float *x, int64_t image_step,
                       const float *packed, const isotach_epilogue *epilogue, const isotach_blocked *y, float *scratch);

// MARK: few filters out, plain output

// The last convolution of a network: x is blocked, y is plain NCHW, at most 16 filters. Without a stride bands of x are
// laid into planes first, and vectors are pixels; otherwise the sums run over the lanes of the channels. `residual` (NULL: none) is plain like y; the values in the epilogue are not looked at.

typedef struct {
  isotach_convolution shape;
  int32_t level, taps, is_planar;
  /// x is plain; y gets the maxima of 2 x 2 (`isotach_plain_plan`).
  int32_t is_plain, pools;
  int64_t in_blocks, last_depth, pieces;
  /// Floats of y from one channel to the next: the plan's, unless some rows alone are computed.
  int64_t plane_step;
  /// Pixels of a piece; planar: rows and columns, pieces of the columns and of the rows of an image.
  int64_t piece_pixels, piece_rows, piece_columns, row_pieces, column_pieces;
} isotach_last;

int isotach_last_plan(const isotach_convolution *shape, isotach_last *plan);
int64_t isotach_last_packed(const isotach_last *plan);
int64_t isotach_last_pack_ranges(const isotach_last *plan);
void isotach_last_pack(const isotach_last *plan, const float *w, const float *bias, int64_t first, int64_t last,
                       float *packed);
int64_t isotach_last_scratch(const isotach_last *plan);
int64_t isotach_last_pieces(const isotach_last *plan);
void isotach_last_run(const isotach_last *plan, int64_t piece, const isotach_blocked *x, const float *packed,
                      const isotach_epilogue *epilogue, const float *residual, float *y, int64_t image_step,
                      float *scratch);

// The same from plain x (images x_step floats apart, channels contiguous), for few channels and filters: no lane is
// without a channel, and few without a pixel. Without a stride, at least 16 columns. When it `pools`, y has half the
// height and width (rounded down) and gets the maxima of 2 x 2 of what the convolution would have made; no residual
// then. Packed like, and with the functions of, isotach_last.

int isotach_plain_plan(const isotach_convolution *shape, int pools, isotach_last *plan);
void isotach_plain_run(const isotach_last *plan, int64_t piece, const float *x, int64_t x_step, const float *packed,
                       const isotach_epilogue *epilogue, const float *residual, float *y, int64_t image_step,
                       float *scratch);

// MARK: depthwise

// One filter for every channel (channels = filters = groups), any kernel, stride and dilation. Work is ranges of the
// rows of y (`isotach_blocked_rows`); there is no scratch.

typedef struct {
  isotach_convolution shape;
  int32_t level;
} isotach_depthwise;

int isotach_depthwise_plan(const isotach_convolution *shape, isotach_depthwise *plan);
int64_t isotach_depthwise_packed(const isotach_depthwise *plan);
/// All at once: they are few.
void isotach_depthwise_pack(const isotach_depthwise *plan, const float *w, const float *bias, float *packed);
void isotach_depthwise_run(const isotach_depthwise *plan, int64_t first, int64_t last, const isotach_blocked *x,
                           const float *packed, const isotach_epilogue *epilogue, const isotach_blocked *y);

// MARK: transposed

// ConvTranspose, and the gradient of the input of a convolution with a stride (its weights serve as they are):
// y[o] = sum over i, k with o + before = i * stride + k of x[i] * w[channel][filter][k]. channels, height and width are
// those of x, `before` is what is cut off above and to the left, w[channels][filters / groups][ky][kx]. Every remainder
// of o by the stride is a direct convolution of its own with a part of the kernel. Dilation 1, no `pooled`.

typedef struct {
  isotach_convolution shape;
  int32_t level;
} isotach_transposed;

int isotach_transposed_plan(const isotach_convolution *shape, isotach_transposed *plan);
int64_t isotach_transposed_packed(const isotach_transposed *plan);
/// Ranges are blocks of filters.
int64_t isotach_transposed_pack_ranges(const isotach_transposed *plan);
void isotach_transposed_pack(const isotach_transposed *plan, const float *w, const float *bias, int64_t first,
                             int64_t last, float *packed);
int64_t isotach_transposed_scratch(const isotach_transposed *plan);
int64_t isotach_transposed_pieces(const isotach_transposed *plan);
void isotach_transposed_run(const isotach_transposed *plan, int64_t piece, const isotach_blocked *x,
                            const float *packed, const isotach_epilogue *epilogue, const isotach_blocked *y,
                            float *scratch);
/// Plain loops over NCHW that sum in double.
void isotach_transposed_reference(const isotach_convolution *shape, const float *x, const float *w, const float *bias,
                                  float *y);
