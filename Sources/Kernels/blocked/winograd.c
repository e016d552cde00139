#include "../vectors.h"
#include "arithmetic.h"
#include "pixels.h"
#include "tile.h"
#include "weights.h"
#include "winograd.h"

static inline double most_of(double a, double b) { return a > b ? a : b; }

// F(2), F(4) and F(6) of 3 x 3 are named by their tile, F(4) of 5 x 5 is 5.
static inline int name_of(const isotach_winograd *p) { return p->shape.kernel_y == 5 ? 5 : p->tile; }

#define TEMPLATE "winograd_template.h"
#include "each_isa.h"

// Between the points lies a cache line more, so that they do not fall into the same cache sets.
enum { PAD = 16 };
// Floats of the transformed tiles of a chunk.
enum { SHARED_FLOATS = 8 << 20 };
// Floats that a worker's transformed tiles may have: they share the second-level cache with the weights.
static int64_t fitting_floats(void) { return isotach_cache_bytes() * 9 / 16 / (int64_t)sizeof(float); }

int isotach_winograd_plan(const isotach_convolution *shape, int tile, int mode, isotach_winograd *p) {
  *p = (isotach_winograd){.shape = *shape, .level = isotach_cpu_level(), .tile = tile};
  isotach_convolution *s = &p->shape;
  if (!isotach_complete(s) || (tile != 2 && tile != 4 && tile != 6)) return 0;
  int64_t kernel = s->kernel_y;
  if (s->kernel_x != kernel || (kernel != 3 && (kernel != 5 || tile != 4)) || s->stride_y > 1 || s->stride_x > 1 || s->dilation_y > 1
      || s->dilation_x > 1 || s->groups > 1)
    return 0;
  p->points = (tile + kernel - 1) * (tile + kernel - 1);
  p->in_blocks = isotach_in_blocks(s);
  p->out_blocks = isotach_out_blocks(s);
  p->tiles_y = over(s->out_height, tile);
  p->tiles_x = over(s->out_width, tile);
  p->tiles = s->images * p->tiles_y * p->tiles_x;
  p->ranges = over(p->out_blocks, ISOTACH_TILE_BLOCKS);
  int64_t depth = p->in_blocks * ISOTACH_LANES, wide = over(p->out_blocks, p->ranges) * ISOTACH_LANES;
  // Fused: what fits, but some pieces at least for every worker.
  int64_t tiles = most(depth <= 256 ? 24 : 12, fitting_floats() / (p->points * (depth + wide)) / 6 * 6);
  // Weights that leave no room for more of them in the cache.
  int64_t most_tiles = p->points * depth * wide * (int64_t)sizeof(float) > isotach_cache_bytes() / 2 ? 24 : 48;
  tiles = least(least(tiles, most_tiles), most(6, over(over(p->tiles, 8), 6) * 6));
  // Where few tiles share the reading of many weights, the weights should be read once.
  int is_worth = tiles < 24 && depth * p->out_blocks * ISOTACH_LANES >= 128 * 128;
  p->is_split = mode == ISOTACH_WINOGRAD_SPLIT || (mode == ISOTACH_WINOGRAD_AUTO && is_worth);
  if (p->is_split) tiles = least(96, most(12, fitting_floats() / (p->points * wide) / 6 * 6));
  p->piece_tiles = least(tiles, p->tiles);
  p->chunk_tiles = p->tiles;
  if (p->is_split) p->chunk_tiles = least(p->tiles, most(p->piece_tiles, SHARED_FLOATS / (p->points * depth)));
  p->chunks = over(p->tiles, p->chunk_tiles);
  p->pieces = over(p->chunk_tiles, p->piece_tiles);
  return 1;
}

int isotach_winograd_pays(const isotach_convolution *shape, int tile) {
  isotach_winograd p;
  if (shape->kernel_y != 3 || !isotach_winograd_plan(shape, tile, ISOTACH_WINOGRAD_FUSED, &p)) return 0;
  // Operations for a pair of a channel and a filter. A transform of one block of 16 costs about 6 operations for each
  // number that it reads or writes, at a fifth of the speed of products.
  double in = (double)(p.in_blocks * ISOTACH_LANES), out = (double)(p.out_blocks * ISOTACH_LANES);
  double tiles = (double)p.tiles, pixels = (double)(shape->images * shape->out_height * shape->out_width);
  double byte = 10, transform = 24 * p.points * tiles, multiply = 2 * p.points * tiles;
  double winograd = most_of(multiply, byte * sizeof(float) * p.points) + transform * (1 / in + 1 / out);
  double channels = in == 16 && !shape->channel_of_lane ? (double)shape->channels : in;
  double direct = most_of(18 * pixels * channels / in, byte * sizeof(float) * 9);
  return winograd < direct;
}

static inline int64_t depth_of(const isotach_winograd *p) { return p->in_blocks * ISOTACH_LANES; }
static inline int64_t range_begin(const isotach_winograd *p, int64_t range) { return p->out_blocks * range / p->ranges; }

// Where the weights of a range begin, and the floats from one of its points to the next.
static int64_t range_start(const isotach_winograd *p, int64_t range) {
  return p->out_blocks * ISOTACH_LANES + p->points * (range_begin(p, range) * ISOTACH_LANES * depth_of(p) + range * PAD);
}
static int64_t range_step(const isotach_winograd *p, int64_t range) {
  return (range_begin(p, range + 1) - range_begin(p, range)) * ISOTACH_LANES * depth_of(p) + PAD;
}

int64_t isotach_winograd_packed(const isotach_winograd *p) { return range_start(p, p->ranges); }
// A unit of packing is a block of channels of a range of filters.
int64_t isotach_winograd_pack_ranges(const isotach_winograd *p) { return p->ranges * p->in_blocks; }

void isotach_winograd_pack(const isotach_winograd *p, const float *w, const float *bias, int64_t first, int64_t last,
                           float *packed) {
  isotach_tap_map map = isotach_tap_map_of(&p->shape);
  // Many weights go past the caches: they would only push each other out; whole lines only.
  int streams = p->level == 2 && isotach_winograd_packed(p) * (int64_t)sizeof(float) > 2 * isotach_cache_bytes()
                && (uintptr_t)packed % 64 == 0;
  for (int64_t unit = first; unit < last; ++unit) {
    int64_t range = unit / p->in_blocks, in = unit % p->in_blocks;
    int64_t begin = range_begin(p, range), end = range_begin(p, range + 1), wide = (end - begin) * ISOTACH_LANES;
    float *target = packed + range_start(p, range) + in * ISOTACH_LANES * wide;
    float taps[ISOTACH_TILE_BLOCKS][ISOTACH_LANES * 25 * ISOTACH_LANES];
    int64_t count = p->shape.kernel_y * p->shape.kernel_x;
    for (int64_t block = begin; block < end; ++block) {
      if (in == 0) isotach_pack_bias(&p->shape, bias, block, packed + block * ISOTACH_LANES);
      isotach_gather_block(&p->shape, &map, w, block, in, taps[block - begin]);
    }
    for (int64_t k = 0; k < ISOTACH_LANES; ++k)
      for (int64_t block = begin; block < end; ++block)
        OF_LEVEL(p->level, pack_points)(name_of(p), taps[block - begin] + k * count * ISOTACH_LANES,
                                        target + k * wide + (block - begin) * ISOTACH_LANES, range_step(p, range), streams);
  }
#if defined(__x86_64__)
  if (streams) __builtin_ia32_sfence();
#endif
}

static int64_t v_step(const isotach_winograd *p) {
  return (p->is_split ? p->chunk_tiles : p->piece_tiles) * depth_of(p) + PAD;
}
static int64_t m_step(const isotach_winograd *p) {
  return p->piece_tiles * over(p->out_blocks, p->ranges) * ISOTACH_LANES + PAD;
}

int64_t isotach_winograd_shared(const isotach_winograd *p) { return p->is_split ? p->points * v_step(p) : 0; }
int64_t isotach_winograd_scratch(const isotach_winograd *p) {
  return p->points * (m_step(p) + (p->is_split ? 0 : v_step(p)));
}
int64_t isotach_winograd_phases(const isotach_winograd *p) { return p->is_split ? 2 * p->chunks : 1; }
int64_t isotach_winograd_pieces(const isotach_winograd *p, int64_t phase) {
  return !p->is_split ? p->pieces : phase % 2 == 0 ? p->in_blocks : p->ranges * p->pieces;
}

void isotach_winograd_transform(const isotach_winograd *p, const isotach_blocked *x, int64_t first_block,
                                int64_t last_block, int64_t first, int64_t last, float *v, int64_t point_step,
                                int64_t tile_step, int64_t block_step) {
  OF_LEVEL(p->level, input_tiles)(p, x, first_block, last_block, first, last, v, point_step, tile_step, block_step);
}

static void transform(const isotach_winograd *p, const isotach_blocked *x, int64_t first_block, int64_t last_block,
                      int64_t first, int64_t last, float *v) {
  isotach_winograd_transform(p, x, first_block, last_block, first, last, v, v_step(p), depth_of(p), ISOTACH_LANES);
}

// Products and results of tiles first ..< last, whose points begin at v, for a range of filters.
static void multiply(const isotach_winograd *p, int64_t range, int64_t first, int64_t last, const float *v,
                     const float *packed, const isotach_epilogue *epilogue, const isotach_blocked *y, float *m) {
  int64_t begin = range_begin(p, range), end = range_begin(p, range + 1), wide = (end - begin) * ISOTACH_LANES;
  const isotach_tiles *tiles = isotach_tiles_of(p->level);
  const float *u = packed + range_start(p, range);
  for (int64_t point = 0; point < p->points; ++point)
    isotach_tile_product(tiles, last - first, wide, depth_of(p), v + point * v_step(p), depth_of(p),
                         u + point * range_step(p, range), u + (point + 1) * range_step(p, range), m + point * m_step(p), wide);
  OF_LEVEL(p->level, output_tiles)(p, m, m_step(p), wide, begin, end, first, last, packed, epilogue, y);
}

void isotach_winograd_run(const isotach_winograd *p, int64_t phase, int64_t piece, const isotach_blocked *x,
                          const float *packed, const isotach_epilogue *epilogue, const isotach_blocked *y,
                          float *shared, float *scratch) {
  if (p->is_split) {
    int64_t begin = phase / 2 * p->chunk_tiles, end = least(begin + p->chunk_tiles, p->tiles);
    if (phase % 2 == 0) {
      transform(p, x, piece, piece + 1, begin, end, shared);
      return;
    }
    int64_t first = begin + piece % p->pieces * p->piece_tiles, last = least(first + p->piece_tiles, end);
    if (first < last)
      multiply(p, piece / p->pieces, first, last, shared + (first - begin) * depth_of(p), packed, epilogue, y, scratch);
    return;
  }
  int64_t first = piece * p->piece_tiles, last = least(first + p->piece_tiles, p->tiles);
  float *m = scratch + p->points * v_step(p);
  transform(p, x, 0, p->in_blocks, first, last, scratch);
  for (int64_t range = 0; range < p->ranges; ++range) multiply(p, range, first, last, scratch, packed, epilogue, y, m);
}
