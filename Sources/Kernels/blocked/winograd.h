#pragma once
#include "kernels.h"

// Parts of Winograd convolutions that their gradients use. Private.

typedef struct {
  int64_t image, y, x;
} isotach_place;

/// The first output pixel of a tile.
static inline isotach_place isotach_winograd_place(const isotach_winograd *p, int64_t t) {
  int64_t row = t / p->tiles_x, image = row / p->tiles_y;
  return (isotach_place){image, (row - image * p->tiles_y) * p->tile, (t - row * p->tiles_x) * p->tile};
}

/// The transformed blocks first_block ..< last_block of tiles first ..< last of x:
/// v[point * point_step + (tile - first) * tile_step + block * block_step + lane].
void isotach_winograd_transform(const isotach_winograd *plan, const isotach_blocked *x, int64_t first_block,
                                int64_t last_block, int64_t first, int64_t last, float *v, int64_t point_step,
                                int64_t tile_step, int64_t block_step);
