#include "../vectors.h"
#include "arithmetic.h"
#include "outer.h"
#include "tile.h"
#include "weights.h"
#include "winograd.h"

#define TEMPLATE "winograd_gradient_template.h"
#include "each_isa.h"

// Floats between points against conflicts of cache sets; tiles of a product whose dy stays in the first-level cache;
// floats of the transformed tiles of a chunk; pieces of a block's transform; parts with sums of their own.
enum { PAD = 16, RESIDENT_TILES = 96, CHUNK_FLOATS = 2 << 20, TRANSFORM_PARTS = 4, FUSED_PARTS = 8 };

int isotach_winograd_gradient_plan(const isotach_convolution *shape, isotach_winograd_gradient *p) {
  *p = (isotach_winograd_gradient){.chunks = 0};
  if (shape->turned || shape->kernel_y != 3 || !isotach_winograd_plan(shape, 4, ISOTACH_WINOGRAD_FUSED, &p->forward)) return 0;
  isotach_winograd *f = &p->forward;
  int64_t in = f->in_blocks * ISOTACH_LANES, out = f->out_blocks * ISOTACH_LANES;
  int64_t cached = isotach_cache_bytes() * 9 / 16 / (int64_t)sizeof(float), sums = f->points * in * out;
  if (sums <= cached / 2) {
    p->parts = most(1, least(FUSED_PARTS, f->tiles / 48));
    p->chunks = 1;
    p->chunk_tiles = least(over(f->tiles, p->parts), most(16, (cached - sums) / (f->points * (in + out))));
    return 1;
  }
  // A chunk costs its tiles and the sums, which are read and written: neither should outweigh the other.
  int64_t tiles = most(CHUNK_FLOATS / (f->points * (in + out)), in * out / (in + out));
  p->chunks = over(f->tiles, most(tiles, RESIDENT_TILES));
  p->chunk_tiles = over(f->tiles, p->chunks);
  return 1;
}

static inline int64_t depth_of(const isotach_winograd *f) { return f->in_blocks * ISOTACH_LANES; }
static inline int64_t wide_of(const isotach_winograd *f) { return f->out_blocks * ISOTACH_LANES; }
static inline int64_t range_begin(const isotach_winograd *f, int64_t range) { return f->out_blocks * range / f->ranges; }

// Shared: x by point, block and tile; dy by point, range, tile; sums by point, range, channel.
static inline int64_t v_step(const isotach_winograd_gradient *p) { return p->chunk_tiles * depth_of(&p->forward) + PAD; }
static inline int64_t z_step(const isotach_winograd_gradient *p) { return p->chunk_tiles * wide_of(&p->forward) + PAD; }
static inline int64_t s_step(const isotach_winograd_gradient *p) {
  return depth_of(&p->forward) * wide_of(&p->forward) + PAD;
}

// Transformed tiles and sums of a part, or of all.
static inline int64_t part_floats(const isotach_winograd_gradient *p) {
  return p->forward.points * (v_step(p) + z_step(p) + s_step(p));
}
int64_t isotach_winograd_gradient_shared(const isotach_winograd_gradient *p) { return most(p->parts, 1) * part_floats(p); }
int64_t isotach_winograd_gradient_phases(const isotach_winograd_gradient *p) {
  return p->parts > 0 ? 2 : 2 * p->chunks + 1;
}
int64_t isotach_winograd_gradient_pieces(const isotach_winograd_gradient *p, int64_t phase) {
  const isotach_winograd *f = &p->forward;
  if (phase == isotach_winograd_gradient_phases(p) - 1) return f->in_blocks * f->ranges;
  if (p->parts > 0) return p->parts;
  return phase % 2 == 0 ? (f->in_blocks + f->out_blocks) * TRANSFORM_PARTS : f->points * f->ranges;
}

// The range of an output block.
static int64_t range_of(const isotach_winograd *f, int64_t block) {
  int64_t range = 0;
  while (range_begin(f, range + 1) <= block) ++range;
  return range;
}

static void transform(const isotach_winograd_gradient *p, int64_t piece, int64_t first, int64_t last,
                      const isotach_blocked *x, const isotach_blocked *dy, float *v, float *z) {
  const isotach_winograd *f = &p->forward;
  int64_t block = piece / TRANSFORM_PARTS, part = piece % TRANSFORM_PARTS, tiles = last - first;
  int64_t begin = first + tiles * part / TRANSFORM_PARTS, end = first + tiles * (part + 1) / TRANSFORM_PARTS;
  if (block < f->in_blocks) {
    isotach_winograd_transform(f, x, block, block + 1, begin, end, v + (begin - first) * ISOTACH_LANES, v_step(p),
                               ISOTACH_LANES, p->chunk_tiles * ISOTACH_LANES);
    return;
  }
  block -= f->in_blocks;
  int64_t range = range_of(f, block), start = range_begin(f, range);
  int64_t wide = (range_begin(f, range + 1) - start) * ISOTACH_LANES;
  OF_LEVEL(f->level, spread_tiles)(f, dy, block, begin, end,
                                   z + start * ISOTACH_LANES * p->chunk_tiles + (begin - first) * wide
                                       + (block - start) * ISOTACH_LANES,
                                   z_step(p), wide);
}

static void multiply(const isotach_winograd_gradient *p, int64_t piece, int64_t tiles, int adds, const float *v,
                     const float *z, float *sums) {
  const isotach_winograd *f = &p->forward;
  int64_t point = piece / f->ranges, range = piece % f->ranges, start = range_begin(f, range);
  int64_t wide = (range_begin(f, range + 1) - start) * ISOTACH_LANES;
  v += point * v_step(p);
  z += point * z_step(p) + start * ISOTACH_LANES * p->chunk_tiles;
  sums += point * s_step(p) + start * ISOTACH_LANES * depth_of(f);
  for (int64_t t = 0; t < tiles; t += RESIDENT_TILES) {
    isotach_outer_work work = {.count = least(RESIDENT_TILES, tiles - t), .a_step = ISOTACH_LANES, .b_step = wide,
                               .b_block = ISOTACH_LANES, .c_step = wide, .lines = 1};
    for (int64_t block = 0; block < f->in_blocks; ++block)
      isotach_outer(f->level, &work, ISOTACH_LANES, wide, v + (block * p->chunk_tiles + t) * ISOTACH_LANES, z + t * wide,
                    sums + block * ISOTACH_LANES * wide, adds || t > 0);
  }
}

// A block of channels of a range of filters.
static void finish(const isotach_winograd_gradient *p, int64_t piece, const float *sums, float *dw) {
  const isotach_winograd *f = &p->forward;
  int64_t in = piece % f->in_blocks, range = piece / f->in_blocks, start = range_begin(f, range);
  int64_t blocks = range_begin(f, range + 1) - start, wide = blocks * ISOTACH_LANES;
  isotach_tap_map map = isotach_tap_map_of(&f->shape);
  float taps[ISOTACH_TILE_BLOCKS][ISOTACH_LANES][9 * ISOTACH_LANES];
  sums += start * ISOTACH_LANES * depth_of(f) + in * ISOTACH_LANES * wide;
  for (int64_t k = 0; k < ISOTACH_LANES; ++k)
    for (int64_t block = 0; block < blocks; ++block)
      OF_LEVEL(f->level, gather_taps)(sums + k * wide + block * ISOTACH_LANES, s_step(p), most(p->parts, 1),
                                      part_floats(p), taps[block][k]);
  for (int64_t l = 0; l < wide; ++l)
    for (int64_t k = 0; k < ISOTACH_LANES; ++k) {
      float *target =
          (float *)isotach_taps_of(&f->shape, &map, dw, start * ISOTACH_LANES + l, in * ISOTACH_LANES + k);
      const float *source = taps[l / ISOTACH_LANES][k] + l % ISOTACH_LANES;
      for (int64_t t = 0; target && t < 9; ++t) target[t] = source[t * ISOTACH_LANES];
    }
}

void isotach_winograd_gradient_run(const isotach_winograd_gradient *p, int64_t phase, int64_t piece,
                                   const isotach_blocked *x, const isotach_blocked *dy, float *dw, float *shared) {
  const isotach_winograd *f = &p->forward;
  float *v = shared, *z = v + f->points * v_step(p), *sums = z + f->points * z_step(p);
  if (phase == isotach_winograd_gradient_phases(p) - 1) {
    finish(p, piece, sums, dw);
    return;
  }
  if (p->parts > 0) {
    int64_t begin = f->tiles * piece / p->parts, end = f->tiles * (piece + 1) / p->parts, skip = piece * part_floats(p);
    for (int64_t first = begin; first < end; first += p->chunk_tiles) {
      int64_t last = least(first + p->chunk_tiles, end);
      for (int64_t k = 0; k < (f->in_blocks + f->out_blocks) * TRANSFORM_PARTS; ++k)
        transform(p, k, first, last, x, dy, v + skip, z + skip);
      for (int64_t k = 0; k < f->points * f->ranges; ++k)
        multiply(p, k, last - first, first > begin, v + skip, z + skip, sums + skip);
    }
    return;
  }
  int64_t chunk = phase / 2, first = chunk * p->chunk_tiles, last = least(first + p->chunk_tiles, f->tiles);
  if (phase % 2 == 0) transform(p, piece, first, last, x, dy, v, z);
  else multiply(p, piece, last - first, chunk > 0, v, z, sums);
}
