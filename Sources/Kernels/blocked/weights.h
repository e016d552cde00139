#pragma once
#include "kernels.h"

// Where the weights of convolutions come from. Private.

int64_t isotach_in_blocks(const isotach_convolution *shape);
int64_t isotach_out_blocks(const isotach_convolution *shape);
/// Tap (ky, kx) of a kernel is number first + ky * step_y + kx * step_x of the `taps` stored weights of a filter and a
/// channel; taps 0: all weights are 0.
typedef struct {
  int64_t taps, first, step_y, step_x;
} isotach_tap_map;

isotach_tap_map isotach_tap_map_of(const isotach_convolution *shape);
/// The stored weights for a filter lane and a channel lane; NULL: all 0.
const float *isotach_taps_of(const isotach_convolution *shape, const isotach_tap_map *map, const float *w, int64_t f,
                             int64_t k);
/// taps[t * step + l] = the weight of tap t for filter lane l of block `block` and channel lane k; 0 where there is
/// none.
void isotach_gather_taps(const isotach_convolution *shape, const isotach_tap_map *map, const float *w, int64_t block,
                         int64_t k, float *taps, int64_t step);
/// taps[(k * count + t) * 16 + l] of the channel lanes k of block `in`, for `count` taps.
void isotach_gather_block(const isotach_convolution *shape, const isotach_tap_map *map, const float *w, int64_t block,
                          int64_t in, float *taps);
/// The bias of the filters of a block, 0 where there is none.
void isotach_pack_bias(const isotach_convolution *shape, const float *bias, int64_t block, float *target);
