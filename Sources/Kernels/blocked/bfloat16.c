#include "bfloat16.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../vectors.h"
#include "arithmetic.h"
#include "general.h"
#include "pixels.h"
#include "tile.h"

#define TEMPLATE "bfloat16_template.h"
#include "each_isa.h"

// Bytes of the weights of one pass, which stay in the first-level cache while the pixels of a piece go by.
enum { PASS_BYTES = 36 << 10, PIECE_PIXELS = 256, MOST_TAPS = 128 };

static _Thread_local int used = -1;

static int allowed(void) {
  const char *name = getenv("ISOTACH_CPU");
  if (name && strcmp(name, "avx512") == 0) return ISOTACH_BFLOAT16_FLOATS;
  if (name && strcmp(name, "avx512bf16") == 0)
    return isotach_bfloat16_has(ISOTACH_BFLOAT16_PAIRS) ? ISOTACH_BFLOAT16_PAIRS : ISOTACH_BFLOAT16_FLOATS;
  if (isotach_bfloat16_has(ISOTACH_BFLOAT16_TILES)) return ISOTACH_BFLOAT16_TILES;
#if defined(__x86_64__)
  if (__builtin_cpu_is("amd") && isotach_bfloat16_has(ISOTACH_BFLOAT16_PAIRS)) return ISOTACH_BFLOAT16_PAIRS;
#endif
  return ISOTACH_BFLOAT16_FLOATS;
}

static int found(void) {
  static atomic_int known = -1;
  if (isotach_cpu_level() < 2) return ISOTACH_BFLOAT16_FLOATS;
  int unit = atomic_load_explicit(&known, memory_order_relaxed);
  if (unit < 0) atomic_store_explicit(&known, unit = allowed(), memory_order_relaxed);
  return unit;
}

int isotach_bfloat16_unit(void) { return used >= 0 ? used : found(); }

int isotach_bfloat16_use(int unit) {
  if (unit > ISOTACH_BFLOAT16_TILES) return 0;
  if (unit > ISOTACH_BFLOAT16_FLOATS && (isotach_cpu_level() < 2 || !isotach_bfloat16_has(unit))) return 0;
  used = unit;
  return 1;
}

float isotach_bfloat16_rounded(float number) {
  uint32_t bits = (uint32_t)isotach_to_bfloat16(number) << 16;
  memcpy(&number, &bits, sizeof number);
  return number;
}

static int complete(isotach_bfloat16 *p) {
  isotach_general *g = &p->general;
  const isotach_convolution *s = &g->shape;
  if (g->taps > MOST_TAPS) return 0;
  p->unit = isotach_bfloat16_unit();
  if (g->level < 2) p->unit = ISOTACH_BFLOAT16_FLOATS;
  p->deep_blocks = over(g->in_blocks, 2);
  int64_t lanes = (g->in_blocks - 1) * ISOTACH_LANES + g->last_depth;
  p->pairs = p->deep_blocks == 1 ? over(lanes, 2) : ISOTACH_BFLOAT16_STEP_PAIRS;
  // Of a single tap what lies between the pixels is left out.
  int is_single = g->taps == 1;
  p->row_stride = is_single ? s->stride_y : 1, p->column_stride = is_single ? s->stride_x : 1;
  p->rows = is_single ? s->out_height : (s->out_height - 1) * s->stride_y + (s->kernel_y - 1) * s->dilation_y + 1;
  p->wide = is_single ? s->out_width : (s->out_width - 1) * s->stride_x + (s->kernel_x - 1) * s->dilation_x + 1;
  int64_t pixels = s->images * s->out_height * s->out_width;
  g->pixel_pieces = over(pixels, PIECE_PIXELS);
  g->piece_pixels = over(over(pixels, g->pixel_pieces), ISOTACH_BFLOAT16_PIXELS) * ISOTACH_BFLOAT16_PIXELS;
  g->pixel_pieces = over(pixels, g->piece_pixels);
  g->range_pieces = g->pixel_pieces * g->groups >= 16 ? 1 : g->ranges;
  return 1;
}

int isotach_bfloat16_plan(const isotach_convolution *shape, isotach_bfloat16 *p) {
  *p = (isotach_bfloat16){.stored_taps = 0, .columns = 1};
  return isotach_general_plan(shape, &p->general) && complete(p);
}

int isotach_bfloat16_plan_transposed(const isotach_convolution *shape, isotach_bfloat16 *p) {
  isotach_transposed whole;
  *p = (isotach_bfloat16){.columns = 1};
  if (!isotach_transposed_plan(shape, &whole) || !isotach_transposed_is_apart(&whole.shape)) return 0;
  isotach_tap_map map;
  if (!isotach_transposed_part(&whole, 0, &p->general, &map)) return 0;
  p->stored_taps = (int32_t)map.taps, p->columns = (int32_t)whole.shape.stride_x;
  return complete(p);
}

int isotach_bfloat16_plan_dense(int64_t rows, int64_t channels, int64_t filters, isotach_bfloat16 *p) {
  isotach_convolution shape = {.images = 1, .channels = channels, .filters = filters, .groups = 1, .height = rows,
                               .width = 1, .out_height = rows, .out_width = 1, .kernel_y = 1, .kernel_x = 1};
  *p = (isotach_bfloat16){.is_dense = 1, .columns = 1};
  return isotach_general_plan(&shape, &p->general) && complete(p);
}

static inline int64_t range_begin(const isotach_general *p, int64_t range) { return p->out_blocks * range / p->ranges; }
static inline int64_t all_out_blocks(const isotach_general *p) { return p->groups * p->out_blocks; }
static inline int64_t steps_of(const isotach_bfloat16 *p) { return p->deep_blocks * p->general.taps; }
static inline int64_t range_wide(const isotach_general *p, int64_t range) {
  return (range_begin(p, range + 1) - range_begin(p, range)) * ISOTACH_LANES;
}
// Where the weights of a range of a group begin, behind the bias.
static inline int64_t range_start(const isotach_bfloat16 *p, int64_t group, int64_t range) {
  return (group * p->general.out_blocks + range_begin(&p->general, range)) * ISOTACH_LANES * steps_of(p) * ISOTACH_DEEP;
}
static inline const uint16_t *weights_of(const isotach_bfloat16 *p, const float *packed) {
  return (const uint16_t *)(packed + all_out_blocks(&p->general) * ISOTACH_LANES);
}

int64_t isotach_bfloat16_packed(const isotach_bfloat16 *p) {
  return all_out_blocks(&p->general) * ISOTACH_LANES * (1 + steps_of(p) * ISOTACH_DEEP / 2);
}
int64_t isotach_bfloat16_pack_ranges(const isotach_bfloat16 *p) { return all_out_blocks(&p->general); }

void isotach_bfloat16_pack(const isotach_bfloat16 *p, const float *w, const float *bias, int64_t first, int64_t last,
                           float *packed) {
  const isotach_general *g = &p->general;
  float taps[ISOTACH_LANES * MOST_TAPS * ISOTACH_LANES];
  for (int64_t block = first; block < last; ++block) {
    int64_t group = block / g->out_blocks, inside = block % g->out_blocks, range = 0;
    while (range_begin(g, range + 1) <= inside) ++range;
    int64_t wide = range_wide(g, range), filters = block % (all_out_blocks(g) / g->copies);
    uint16_t *target = (uint16_t *)weights_of(p, packed) + range_start(p, group, range)
                       + 2 * (inside - range_begin(g, range)) * ISOTACH_LANES;
    isotach_tap_map map = isotach_tap_map_of(&g->shape);
    if (p->stored_taps) map = (isotach_tap_map){p->stored_taps, block / (all_out_blocks(g) / g->copies), 0, 0};
    isotach_pack_bias(&g->shape, bias, filters, packed + block * ISOTACH_LANES);
    for (int64_t half = 0; half < 2 * p->deep_blocks; ++half) {
      if (half < g->in_blocks) isotach_gather_block(&g->shape, &map, w, filters, group * g->in_blocks + half, taps);
      else memset(taps, 0, (size_t)(ISOTACH_LANES * g->taps * ISOTACH_LANES) * sizeof *taps);
      for (int64_t tap = 0; tap < g->taps; ++tap) {
        uint16_t *lines = target + ((half / 2 * g->taps + tap) * ISOTACH_DEEP + half % 2 * ISOTACH_LANES) * wide;
        for (int64_t pair = 0; pair < ISOTACH_LANES / 2; ++pair) {
          const float *a = taps + (2 * pair * g->taps + tap) * ISOTACH_LANES, *b = a + g->taps * ISOTACH_LANES;
          uint16_t *line = lines + 2 * pair * wide;
          for (int64_t l = 0; l < ISOTACH_LANES; ++l) {
            line[2 * l] = isotach_to_bfloat16(a[l]);
            line[2 * l + 1] = isotach_to_bfloat16(b[l]);
          }
        }
      }
    }
  }
}

// MARK: the rounded input: [group][block of 32][image][row][column][32], with zeros around the images

static inline int64_t number_bytes(const isotach_bfloat16 *p) { return p->unit == ISOTACH_BFLOAT16_FLOATS ? 4 : 2; }
static inline int64_t row_numbers(const isotach_bfloat16 *p) { return p->wide * ISOTACH_DEEP; }
static inline int64_t image_numbers(const isotach_bfloat16 *p) { return p->rows * row_numbers(p); }
static inline int64_t block_numbers(const isotach_bfloat16 *p) { return p->general.shape.images * image_numbers(p); }

int64_t isotach_bfloat16_shared(const isotach_bfloat16 *p) {
  return p->general.groups * p->deep_blocks * block_numbers(p) * number_bytes(p) / (int64_t)sizeof(float) + 16;
}

static inline int64_t rows_of_input(const isotach_bfloat16 *p) {
  return p->general.groups * p->deep_blocks * p->general.shape.images * p->rows;
}
// Rows that are rounded together.
static inline int64_t rows_together(const isotach_bfloat16 *p) { return most(1, 16384 / row_numbers(p)); }

static void round_pixels(const isotach_bfloat16 *p, int64_t count, const float *low, const float *high, int64_t step,
                         char *target) {
#if defined(__x86_64__)
  if (p->unit != ISOTACH_BFLOAT16_FLOATS) {
    isotach_bfloat16_round_pairs(count, low, high, step, (uint16_t *)target);
    return;
  }
#endif
  OF_LEVEL(p->general.level, round_pixels)(count, low, high, step, (float *)target);
}

static void round_row(const isotach_bfloat16 *p, int64_t index, const isotach_blocked *x, char *shared) {
  const isotach_general *g = &p->general;
  const isotach_convolution *s = &g->shape;
  int64_t row = index % p->rows, image = index / p->rows % s->images, block = index / p->rows / s->images;
  int64_t bytes = number_bytes(p) * ISOTACH_DEEP;
  char *target = shared + index * p->wide * bytes;
  int64_t at = row * p->row_stride - s->before_y;
  if (at < -x->halo_y || at >= x->height + x->halo_y) {
    memset(target, 0, (size_t)(p->wide * bytes));
    return;
  }
  // Columns first ..< last are there.
  int64_t low = -x->halo_x + s->before_x, high = x->width + x->halo_x + s->before_x;
  int64_t first = low <= 0 ? 0 : least(p->wide, over(low, p->column_stride));
  int64_t last = high <= 0 ? 0 : least(p->wide, over(high, p->column_stride));
  last = most(first, last);
  memset(target, 0, (size_t)(first * bytes));
  memset(target + last * bytes, 0, (size_t)((p->wide - last) * bytes));
  if (first == last) return;
  int64_t group = block / p->deep_blocks, half = block % p->deep_blocks * 2, from = group * g->in_blocks + half;
  const float *source = x->data + from * x->block_step + image * x->image_step + at * x->row_step
                        + (first * p->column_stride - s->before_x) * ISOTACH_LANES;
  round_pixels(p, last - first, source, half + 1 < g->in_blocks ? source + x->block_step : 0,
               p->column_stride * ISOTACH_LANES, target + first * bytes);
}

// Of a plain matrix.
static void round_dense(const isotach_bfloat16 *p, int64_t index, const float *x, char *shared) {
  int64_t channels = p->general.shape.channels, row = index % p->rows, first = index / p->rows * ISOTACH_DEEP;
  float numbers[ISOTACH_DEEP] = {0};
  memcpy(numbers, x + row * channels + first, (size_t)least(ISOTACH_DEEP, channels - first) * sizeof *numbers);
  round_pixels(p, 1, numbers, numbers + ISOTACH_LANES, 0, shared + index * number_bytes(p) * ISOTACH_DEEP);
}

// MARK: products

static int64_t most_steps(const isotach_bfloat16 *p) {
  int64_t wide = over(p->general.out_blocks, p->general.ranges) * ISOTACH_LANES;
  return most(1, PASS_BYTES / (2 * ISOTACH_DEEP * wide));
}

// The scratch of a worker: pixels in the input, their offsets in y, the residual and the mask, offsets of steps, sums, gathered rows.
static int64_t pointer_floats(const isotach_bfloat16 *p) {
  return over(2 * (4 * p->general.piece_pixels + steps_of(p)), 16) * 16;
}
static int64_t sums_floats(const isotach_bfloat16 *p) {
  return p->general.piece_pixels * over(p->general.out_blocks, p->general.ranges) * ISOTACH_LANES;
}
int64_t isotach_bfloat16_scratch(const isotach_bfloat16 *p) {
  return 32 + pointer_floats(p) + sums_floats(p)
         + least(most_steps(p), steps_of(p)) * ISOTACH_BFLOAT16_PIXELS * ISOTACH_DEEP / 2;
}

int64_t isotach_bfloat16_pieces(const isotach_bfloat16 *p, int64_t phase) {
  const isotach_general *g = &p->general;
  return phase == 0 ? over(rows_of_input(p), rows_together(p)) : g->pixel_pieces * g->groups * g->range_pieces;
}

typedef struct {
  const isotach_bfloat16 *plan;
  int64_t group, first, last;
  const char **row;
  int64_t *at[3], *offset;
  float *sums;
  uint16_t *gathered;
} piece_work;

static piece_work work_of(const isotach_bfloat16 *p, int64_t piece, const float *shared, float *scratch) {
  const isotach_general *g = &p->general;
  const isotach_convolution *s = &g->shape;
  piece_work w = {.plan = p};
  w.group = piece / g->pixel_pieces / g->range_pieces;
  w.first = piece % g->pixel_pieces * g->piece_pixels;
  w.last = least(w.first + g->piece_pixels, s->images * s->out_height * s->out_width);
  w.row = (const char **)(((uintptr_t)scratch + 63) / 64 * 64);
  for (int k = 0; k < 3; ++k) w.at[k] = (int64_t *)w.row + (k + 1) * g->piece_pixels;
  w.offset = w.at[2] + g->piece_pixels;
  w.sums = (float *)w.row + pointer_floats(p);
  w.gathered = (uint16_t *)(w.sums + sums_floats(p));
  int64_t stride_y = p->row_stride > 1 || g->taps == 1 ? 1 : s->stride_y, bytes = number_bytes(p);
  int64_t stride_x = p->column_stride > 1 || g->taps == 1 ? 1 : s->stride_x;
  const char *base = (const char *)shared + w.group * p->deep_blocks * block_numbers(p) * bytes;
  for (int64_t q = w.first; q < w.first + g->piece_pixels; ++q) {
    // Behind the last pixel: again the last.
    int64_t at = least(q, w.last - 1), column = at % s->out_width, rest = at / s->out_width;
    int64_t numbers = rest / s->out_height * image_numbers(p) + rest % s->out_height * stride_y * row_numbers(p)
                      + column * stride_x * ISOTACH_DEEP;
    w.row[q - w.first] = base + numbers * bytes;
  }
  int64_t step = 0;
  for (int64_t block = 0; block < p->deep_blocks; ++block)
    for (int64_t ky = 0; ky < s->kernel_y; ++ky)
      for (int64_t kx = 0; kx < s->kernel_x; ++kx)
        w.offset[step++] = block * block_numbers(p) + ky * s->dilation_y * row_numbers(p) + kx * s->dilation_x * ISOTACH_DEEP;
  return w;
}

// All sums of the piece for a range of filters; calls of `pixels` rows at a time.
static void multiply(const piece_work *w, int64_t range, const float *packed) {
  const isotach_bfloat16 *p = w->plan;
  int64_t count = w->last - w->first, steps = steps_of(p), parts = over(steps, most_steps(p));
  isotach_bfloat16_terms terms = {.pairs = p->pairs, .wide = range_wide(&p->general, range)};
  const uint16_t *b = weights_of(p, packed) + range_start(p, w->group, range);
  for (int64_t part = 0; part < parts; ++part) {
    int64_t begin = steps * part / parts;
    terms.steps = steps * (part + 1) / parts - begin;
    terms.offset = w->offset + begin;
    terms.b = b + begin * ISOTACH_DEEP * terms.wide;
    switch (p->unit) {
#if defined(__x86_64__)
    case ISOTACH_BFLOAT16_TILES:
      for (int64_t q = 0; q < count; q += ISOTACH_BFLOAT16_PIXELS)
        isotach_bfloat16_tiles(&terms, (const uint16_t *const *)w->row + q, w->sums + q * terms.wide, part > 0, w->gathered);
      break;
    case ISOTACH_BFLOAT16_PAIRS:
      isotach_bfloat16_pairs(&terms, count, (const uint16_t *const *)w->row, w->sums, part > 0);
      break;
#endif
    default:
      OF_LEVEL(p->general.level, rounded_product)(&terms, count, (const float *const *)w->row, w->sums, part > 0);
    }
  }
}

static int64_t begin_ranges(const isotach_bfloat16 *p, int64_t piece, int64_t *end) {
  const isotach_general *g = &p->general;
  int64_t range = piece / g->pixel_pieces % g->range_pieces;
  *end = g->range_pieces > 1 ? range + 1 : g->ranges;
#if defined(__x86_64__)
  if (p->unit == ISOTACH_BFLOAT16_TILES) isotach_bfloat16_begin_tiles();
#endif
  return range;
}

static void end_ranges(const isotach_bfloat16 *p) {
#if defined(__x86_64__)
  if (p->unit == ISOTACH_BFLOAT16_TILES) isotach_bfloat16_end_tiles();
#endif
  (void)p;
}

static void phase_of_rounding(const isotach_bfloat16 *p, int64_t piece, const isotach_blocked *x, const float *plain,
                              float *shared) {
  int64_t first = piece * rows_together(p), last = least(first + rows_together(p), rows_of_input(p));
  for (int64_t row = first; row < last; ++row) {
    if (p->is_dense) round_dense(p, row, plain, (char *)shared);
    else round_row(p, row, x, (char *)shared);
  }
}

void isotach_bfloat16_run(const isotach_bfloat16 *p, int64_t phase, int64_t piece, const isotach_blocked *x,
                          const float *packed, const isotach_epilogue *e, const isotach_blocked *y, float *shared,
                          float *scratch) {
  if (phase == 0) {
    phase_of_rounding(p, piece, x, 0, shared);
    return;
  }
  const isotach_general *g = &p->general;
  piece_work w = work_of(p, piece, shared, scratch);
  isotach_blocked views[3] = {*y, e->residual ? *e->residual : *y, e->mask ? *e->mask : *y};
  if (p->stored_taps)
    for (int k = 0; k < 3; ++k) views[k].row_step *= g->copies / p->columns;
  for (int k = 0; k < 3; ++k) isotach_find_pixels(&g->shape, &views[k], p->columns, w.first, w.last, w.at[k]);
  int64_t end, range = begin_ranges(p, piece, &end);
  for (; range < end; ++range) {
    multiply(&w, range, packed);
    int64_t begin = range_begin(g, range), wide = range_wide(g, range), first = w.group * g->out_blocks + begin;
    isotach_bases bases = {{0}, {0}, {0}};
    for (int64_t k = 0; k < wide / ISOTACH_LANES; ++k) {
      bases.y[k] = y->data + isotach_general_block_offset(g, &views[0], p->columns, first + k);
      if (e->residual)
        bases.residual[k] = e->residual->data + isotach_general_block_offset(g, &views[1], p->columns, first + k);
      if (e->mask) bases.mask[k] = e->mask->data + isotach_general_block_offset(g, &views[2], p->columns, first + k);
    }
    isotach_offsets at = {w.at[0], w.at[1], w.at[2]};
    OF_LEVEL(g->level, finish_pixels)(w.last - w.first, wide, w.sums, packed + first * ISOTACH_LANES, e, &bases, &at);
  }
  end_ranges(p);
}

void isotach_bfloat16_run_dense(const isotach_bfloat16 *p, int64_t phase, int64_t piece, const float *x,
                                const float *packed, float *y, float *shared, float *scratch) {
  if (phase == 0) {
    phase_of_rounding(p, piece, 0, x, shared);
    return;
  }
  const isotach_general *g = &p->general;
  piece_work w = work_of(p, piece, shared, scratch);
  int64_t end, range = begin_ranges(p, piece, &end), filters = g->shape.filters;
  for (; range < end; ++range) {
    multiply(&w, range, packed);
    int64_t begin = range_begin(g, range) * ISOTACH_LANES, wide = range_wide(g, range);
    int64_t count = least(wide, filters - begin);
    for (int64_t q = w.first; q < w.last; ++q)
      for (int64_t j = 0; j < count; ++j)
        y[q * filters + begin + j] = w.sums[(q - w.first) * wide + j] + packed[begin + j];
  }
  end_ranges(p);
}
