#include "../vectors.h"
#include "arithmetic.h"
#include "general.h"
#include "pixels.h"
#include "tile.h"
#include "weights.h"

#define TEMPLATE "epilogue_template.h"
#include "each_isa.h"

// Weights of one pass, which stay in the first-level cache while the pixels of a piece go by.
enum { PASS_FLOATS = 9 << 10, PIECE_PIXELS = 240 };

int isotach_general_plan(const isotach_convolution *shape, isotach_general *p) {
  *p = (isotach_general){.shape = *shape, .level = isotach_cpu_level()};
  isotach_convolution *s = &p->shape;
  if (!isotach_complete(s) || s->kernel_y * s->kernel_x > 1 << 16) return 0;
  if (s->groups > 1 && (s->channel_of_lane || s->filter_of_lane)) return 0;
  p->taps = (int32_t)(s->kernel_y * s->kernel_x);
  // The fewest groups at a time that fill their blocks.
  int64_t channels = s->channels / s->groups, filters = s->filters / s->groups, merged = 1;
  while (merged < s->groups
         && (s->groups % merged || channels * merged % ISOTACH_LANES || filters * merged % ISOTACH_LANES))
    ++merged;
  p->groups = s->groups / merged;
  p->in_blocks = p->groups == 1 ? isotach_in_blocks(s) : channels * merged / ISOTACH_LANES;
  p->out_blocks = p->groups == 1 ? isotach_out_blocks(s) : filters * merged / ISOTACH_LANES;
  int64_t rest = s->channel_of_lane ? 0 : channels * merged % ISOTACH_LANES;
  p->last_depth = rest ? rest : ISOTACH_LANES;
  p->copies = 1;
  p->ranges = over(p->out_blocks, ISOTACH_TILE_BLOCKS);
  int64_t pixels = s->images * s->out_height * s->out_width;
  p->pixel_pieces = over(pixels, p->taps > 32 ? PIECE_PIXELS / 2 : PIECE_PIXELS);
  p->piece_pixels = over(pixels, p->pixel_pieces);
  p->range_pieces = p->pixel_pieces * p->groups >= 16 ? 1 : p->ranges;
  return 1;
}

void isotach_general_repeat(isotach_general *p, int64_t copies) {
  p->copies = copies;
  p->out_blocks *= copies;
  p->ranges = over(p->out_blocks, ISOTACH_TILE_BLOCKS);
  p->range_pieces = p->pixel_pieces >= 16 ? 1 : p->ranges;
}

static inline int64_t range_begin(const isotach_general *p, int64_t range) { return p->out_blocks * range / p->ranges; }
// Terms of every sum.
static inline int64_t terms(const isotach_general *p) {
  return p->taps * ((p->in_blocks - 1) * ISOTACH_LANES + p->last_depth);
}
static inline int64_t all_out_blocks(const isotach_general *p) { return p->groups * p->out_blocks; }
// Where the weights of a range of a group begin.
static inline int64_t range_start(const isotach_general *p, int64_t group, int64_t range) {
  return ISOTACH_LANES * (all_out_blocks(p) + (group * p->out_blocks + range_begin(p, range)) * terms(p));
}

int64_t isotach_general_packed(const isotach_general *p) { return ISOTACH_LANES * all_out_blocks(p) * (1 + terms(p)); }
int64_t isotach_general_pack_ranges(const isotach_general *p) { return all_out_blocks(p); }

void isotach_general_pack(const isotach_general *p, const float *w, const float *bias, int64_t first, int64_t last,
                          float *packed) {
  isotach_tap_map map = isotach_tap_map_of(&p->shape);
  isotach_general_pack_taps(p, &map, w, bias, first, last, packed);
}

// Weights of a block of filters and a block of channels of one group, whose lanes are their numbers: read in their order.
static void pack_block(const isotach_general *p, const isotach_tap_map *map, const float *w, int64_t filters, int64_t in,
                       int64_t depth, float *target, int64_t wide) {
  const isotach_convolution *s = &p->shape;
  int64_t first_filter = filters * ISOTACH_LANES, first_channel = in * ISOTACH_LANES;
  int64_t outer = s->turned ? depth : ISOTACH_LANES, inner = s->turned ? ISOTACH_LANES : depth;
  for (int64_t a = 0; a < outer; ++a)
    for (int64_t b = 0; b < inner; ++b) {
      int64_t l = s->turned ? b : a, k = s->turned ? a : b, f = first_filter + l, c = first_channel + k;
      float *to = target + k * wide + l;
      int is_there = f < s->filters && c < s->channels && map->taps > 0;
      const float *from = w + (s->turned ? c * s->filters + f : f * s->channels + c) * map->taps + map->first;
      for (int64_t ky = 0; ky < s->kernel_y; ++ky)
        for (int64_t kx = 0; kx < s->kernel_x; ++kx, to += depth * wide)
          *to = is_there ? from[ky * map->step_y + kx * map->step_x] : 0;
    }
}

void isotach_general_pack_taps(const isotach_general *p, const isotach_tap_map *map, const float *w, const float *bias,
                               int64_t first, int64_t last, float *packed) {
  for (int64_t block = first; block < last; ++block) {
    int64_t group = block / p->out_blocks, inside = block % p->out_blocks, range = 0;
    while (range_begin(p, range + 1) <= inside) ++range;
    int64_t begin = range_begin(p, range), wide = (range_begin(p, range + 1) - begin) * ISOTACH_LANES;
    float *target = packed + range_start(p, group, range) + (inside - begin) * ISOTACH_LANES;
    // The block of filters, and which copy of it.
    int64_t filters = block % (all_out_blocks(p) / p->copies);
    isotach_tap_map taps = *map;
    taps.first += block / (all_out_blocks(p) / p->copies);
    isotach_pack_bias(&p->shape, bias, filters, packed + block * ISOTACH_LANES);
    for (int64_t b = 0; b < p->in_blocks; ++b) {
      int64_t depth = b == p->in_blocks - 1 ? p->last_depth : ISOTACH_LANES;
      if (p->shape.groups == 1 && !p->shape.channel_of_lane && !p->shape.filter_of_lane) {
        pack_block(p, &taps, w, filters, b, depth, target + b * p->taps * ISOTACH_LANES * wide, wide);
        continue;
      }
      for (int64_t k = 0; k < depth; ++k)
        isotach_gather_taps(&p->shape, &taps, w, filters, (group * p->in_blocks + b) * ISOTACH_LANES + k,
                            target + (b * p->taps * ISOTACH_LANES + k) * wide, depth * wide);
    }
  }
}

// The scratch of a worker: sums, the offsets of pixels in y, the residual and the mask, and where each tile's taps lie.
static int64_t sums_floats(const isotach_general *p) {
  return p->piece_pixels * over(p->out_blocks, p->ranges) * ISOTACH_LANES;
}
static int64_t offset_floats(const isotach_general *p) { return over(2 * p->piece_pixels, 16) * 16; }

int64_t isotach_general_scratch(const isotach_general *p) {
  return sums_floats(p) + 3 * offset_floats(p) + 2 * p->taps * p->piece_pixels + 16 + 32;
}
int64_t isotach_general_pieces(const isotach_general *p) { return p->pixel_pieces * p->groups * p->range_pieces; }

typedef struct {
  const isotach_general *plan;
  const isotach_blocked *x;
  const isotach_epilogue *epilogue;
  const float *const *starts;
  isotach_bases bases;
  isotach_offsets at;
  float *sums;
  /// Pixels of the piece and of a tile, columns of the range.
  int64_t pixels, rows, wide;
} range_work;

// Some terms of the sums of all pixels of a piece; what follows when they are the last.
static void pass(const range_work *r, const isotach_tile_work *given, int64_t tap, const float *b, int adds,
                 const float *bias) {
  isotach_tile_work terms = *given;
  int64_t count = terms.blocks * terms.steps * terms.depth, floats = count * r->wide, ahead = 0;
  const isotach_tiles *tiles = isotach_tiles_of(r->plan->level);
  for (int64_t first = 0; first < r->pixels; first += r->rows) {
    int64_t rows = least(r->rows, r->pixels - first);
    float *sums = r->sums + first * r->wide;
    // The weights of the next pass follow those of this one.
    terms.ahead = ahead < floats ? b + floats + ahead : b;
    ahead += count * 16;
    for (int64_t j = 0; j < r->wide;) {
      int64_t vectors = least((r->wide - j) / tiles->lanes, tiles->wide);
      tiles->functions[vectors - 1][rows - 1](&terms, r->starts + first * r->plan->taps + tap * rows, b + j, sums + j,
                                              r->wide, adds);
      j += vectors * tiles->lanes;
    }
    if (bias) {
      isotach_offsets at = {r->at.y + first, r->at.residual + first, r->at.mask + first};
      OF_LEVEL(r->plan->level, finish_pixels)(rows, r->wide, sums, bias, r->epilogue, &r->bases, &at);
    }
  }
}

static void run_range(const range_work *r, int64_t first_block, const float *b, const float *bias) {
  const isotach_general *p = r->plan;
  int64_t most_blocks = most(1, PASS_FLOATS / (p->taps * ISOTACH_LANES * r->wide));
  int64_t most_taps = most(1, PASS_FLOATS / (ISOTACH_LANES * r->wide)), parts = over(p->taps, most_taps);
  int64_t full = p->in_blocks - (p->last_depth < ISOTACH_LANES);
  for (int64_t block = 0; block < p->in_blocks;) {
    int64_t blocks = block < full ? least(most_blocks, full - block) : 1;
    for (int64_t part = 0; part < parts; ++part) {
      int64_t tap = p->taps * part / parts;
      isotach_tile_work terms = {.shift = (first_block + block) * r->x->block_step,
                                 .blocks = blocks,
                                 .block_step = r->x->block_step,
                                 .steps = p->taps * (part + 1) / parts - tap,
                                 .depth = block < full ? ISOTACH_LANES : p->last_depth,
                                 .b_step = r->wide};
      int is_last = block + blocks == p->in_blocks && part == parts - 1;
      pass(r, &terms, tap, b, block > 0 || part > 0, is_last ? bias : 0);
      b += terms.blocks * terms.steps * terms.depth * r->wide;
    }
    block += blocks;
  }
}

int64_t isotach_general_block_offset(const isotach_general *p, const isotach_blocked *y, int64_t columns,
                                     int64_t block) {
  if (p->copies == 1) return block * y->block_step;
  int64_t filters = p->out_blocks / p->copies, copy = block / filters;
  return block % filters * y->block_step + copy / columns * (y->row_step / (p->copies / columns))
         + copy % columns * ISOTACH_LANES;
}

void isotach_general_run(const isotach_general *p, int64_t piece, const isotach_blocked *x, const float *packed,
                         const isotach_epilogue *epilogue, const isotach_blocked *y, float *scratch) {
  isotach_general_run_apart(p, piece, x, packed, epilogue, y, 1, scratch);
}

void isotach_general_run_apart(const isotach_general *p, int64_t piece, const isotach_blocked *x, const float *packed,
                               const isotach_epilogue *epilogue, const isotach_blocked *y, int64_t columns,
                               float *scratch) {
  int64_t pixels = p->shape.images * p->shape.out_height * p->shape.out_width;
  int64_t part = piece % p->pixel_pieces, group = piece / p->pixel_pieces / p->range_pieces;
  int64_t range = piece / p->pixel_pieces % p->range_pieces, end = p->range_pieces > 1 ? range + 1 : p->ranges;
  int64_t first = part * p->piece_pixels, last = least(first + p->piece_pixels, pixels);
  if (first >= last) return;
  // Pointers first: they want their alignment, whatever that of the memory.
  const float **starts = (const float **)(((uintptr_t)scratch + 63) / 64 * 64);
  int64_t *y_offset = (int64_t *)(starts + p->taps * p->piece_pixels), *r_offset = y_offset + p->piece_pixels;
  int64_t *m_offset = r_offset + p->piece_pixels;
  float *sums = (float *)(m_offset + p->piece_pixels);
  isotach_find_pixels(&p->shape, y, columns, first, last, y_offset);
  if (epilogue->residual) isotach_find_pixels(&p->shape, epilogue->residual, columns, first, last, r_offset);
  if (epilogue->mask) isotach_find_pixels(&p->shape, epilogue->mask, columns, first, last, m_offset);
  const isotach_tiles *tiles = isotach_tiles_of(p->level);
  int64_t known_rows = 0;
  for (; range < end; ++range) {
    int64_t begin = range_begin(p, range), wide = (range_begin(p, range + 1) - begin) * ISOTACH_LANES;
    int64_t rows = tiles->tall[least(wide / tiles->lanes, tiles->wide) - 1], out_block = group * p->out_blocks + begin;
    if (rows != known_rows)
      for (int64_t q = first; q < last; q += rows)
        isotach_find_taps(&p->shape, x, q, least(rows, last - q), starts + (q - first) * p->taps);
    known_rows = rows;
    range_work r = {.plan = p, .x = x, .epilogue = epilogue, .starts = starts, .at = {y_offset, r_offset, m_offset},
                    .sums = sums, .pixels = last - first, .rows = rows, .wide = wide};
    for (int64_t k = 0; k < wide / ISOTACH_LANES; ++k) {
      r.bases.y[k] = y->data + isotach_general_block_offset(p, y, columns, out_block + k);
      if (epilogue->residual)
        r.bases.residual[k] =
            epilogue->residual->data + isotach_general_block_offset(p, epilogue->residual, columns, out_block + k);
      if (epilogue->mask)
        r.bases.mask[k] = epilogue->mask->data + isotach_general_block_offset(p, epilogue->mask, columns, out_block + k);
    }
    run_range(&r, group * p->in_blocks, packed + range_start(p, group, range), packed + out_block * ISOTACH_LANES);
  }
}
