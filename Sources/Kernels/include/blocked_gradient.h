#pragma once
#include <stdint.h>

#include "blocked_convolution.h"

// Gradients of the weights of convolutions in the blocked layout; dw is plain, w[filters][channels / groups][ky][kx],
// and is set, not added to. Shapes are those of the convolution forward (not turned). The gradients of the input are
// convolutions themselves: with stride 1 the shape with `turned`, otherwise the transposed convolution.
//
// All pieces of a phase may run at the same time; sums are in float32 in an order that does not depend on that.

// MARK: Winograd: 3 x 3, stride 1, dilation 1, one group

// The tiles of F(4x4, 3x3) turned round: 36 products over all tiles instead of 144. Few weights: in phase 0 every part
// of the tiles is transformed and summed by itself, a chunk at a time within the second-level cache. Many: phase 2 k
// transforms x and dy of chunk k of all tiles, phase 2 k + 1 adds its products to the shared sums. The last phase
// transforms the sums back. Error below 5e-5 of the largest value.

typedef struct {
  isotach_winograd forward;
  /// Parts with sums of their own; 0: all tiles in `chunks` chunks.
  int64_t parts, chunk_tiles, chunks;
} isotach_winograd_gradient;

int isotach_winograd_gradient_plan(const isotach_convolution *shape, isotach_winograd_gradient *plan);
int64_t isotach_winograd_gradient_shared(const isotach_winograd_gradient *plan);
int64_t isotach_winograd_gradient_phases(const isotach_winograd_gradient *plan);
int64_t isotach_winograd_gradient_pieces(const isotach_winograd_gradient *plan, int64_t phase);
void isotach_winograd_gradient_run(const isotach_winograd_gradient *plan, int64_t phase, int64_t piece,
                                   const isotach_blocked *x, const isotach_blocked *dy, float *dw, float *shared);

// MARK: any other

// Phase 0 sums ranges of rows of y by themselves (few when the weights are many), phase 1 adds those sums up. Groups
// as in `isotach_general`.

typedef struct {
  isotach_general forward;
  int64_t parts;
} isotach_general_gradient;

int isotach_general_gradient_plan(const isotach_convolution *shape, isotach_general_gradient *plan);
int64_t isotach_general_gradient_shared(const isotach_general_gradient *plan);
int64_t isotach_general_gradient_phases(const isotach_general_gradient *plan);
int64_t isotach_general_gradient_pieces(const isotach_general_gradient *plan, int64_t phase);
void isotach_general_gradient_run(const isotach_general_gradient *plan, int64_t phase, int64_t piece,
                                  const isotach_blocked *x, const isotach_blocked *dy, float *dw, float *shared);

// MARK: few channels in or few filters out

// The first convolution of a network, of a plain x and a blocked dy; or the last one (`is_last`, stride 1), of a blocked
// x and a plain dy. One group; planes (channels of x, filters of dy) * kernel_y * kernel_x are at most 1024. Beyond its
// image x counts as zero, halo or not. Phase 0 sums ranges of rows by themselves, phase 1 adds those sums up.

typedef struct {
  isotach_convolution shape;
  int32_t level, is_last;
  int64_t terms, rows, columns, blocks, ranges, parts, band_rows, plane_rows, pitch;
} isotach_border_gradient;

int isotach_border_gradient_plan(const isotach_convolution *shape, int is_last, isotach_border_gradient *plan);
int64_t isotach_border_gradient_shared(const isotach_border_gradient *plan);
int64_t isotach_border_gradient_phases(const isotach_border_gradient *plan);
int64_t isotach_border_gradient_pieces(const isotach_border_gradient *plan, int64_t phase);
/// `plain` is NCHW, its images image_step floats apart, `pixels` the blocked value.
void isotach_border_gradient_run(const isotach_border_gradient *plan, int64_t phase, int64_t piece, const float *plain,
                                 int64_t image_step, const isotach_blocked *pixels, float *dw, float *shared);

// MARK: few channels in and few filters out

// Of plain values x and dy, in vectors of pixels: for convolutions whose blocks would be zeros mostly on both sides.
// Stride 1, one group; filters * channels * kernel_y * kernel_x are at most 4096. Phase 0 sums ranges of rows by
// themselves, phase 1 adds those sums up, a filter in each piece.

typedef struct {
  isotach_convolution shape;
  int32_t level;
  int64_t lanes, terms, columns, pitch, band_rows, plane_rows, parts;
} isotach_planar_gradient;

int isotach_planar_gradient_plan(const isotach_convolution *shape, isotach_planar_gradient *plan);
int64_t isotach_planar_gradient_shared(const isotach_planar_gradient *plan);
int64_t isotach_planar_gradient_pieces(const isotach_planar_gradient *plan, int64_t phase);
void isotach_planar_gradient_run(const isotach_planar_gradient *plan, int64_t phase, int64_t piece, const float *x,
                                 const float *dy, float *dw, float *shared);

// MARK: depthwise

/// dw[channel][ky][kx] of the channels of blocks first ..< last (rows in float, the rest in double).
void isotach_depthwise_gradient(const isotach_depthwise *plan, const isotach_blocked *x, const isotach_blocked *dy,
                                float *dw, int64_t first, int64_t last);

/// db[c] = the sum of dy over images and pixels (rows in float, the rest in double), for the channels of blocks
/// first ..< last.
void isotach_bias_gradient(const isotach_blocked *dy, int64_t channels, float *db, int64_t first, int64_t last);

/// Plain loops over NCHW that sum in double.
void isotach_weight_gradient_reference(const isotach_convolution *shape, const float *x, const float *dy, float *dw);
