#include "../vectors.h"
#include "arithmetic.h"
#include "pixels.h"
#include "planar.h"
#include "tile.h"
#include "weights.h"

// Sums of `pixels` pixels, or of one.
typedef struct {
  int64_t pixels;
  void (*functions[2])(const isotach_tile_work *work, const float *const *a, const float *b, float *c);
} dots;

#define TEMPLATE "last_template.h"
#include "each_isa.h"

enum { CHUNK = 4, MOST_FILTERS = 16, MOST_PIXELS = 12 };
// Of a planar piece, at most.
enum { PIECE_ROWS = 16, PIECE_COLUMNS = 128, MOST_PLANE_FLOATS = 16 << 10 };

static isotach_planar planar_of(const isotach_last *p) {
  const isotach_convolution *s = &p->shape;
  int64_t columns = over(p->piece_columns, ISOTACH_PLANAR_COLUMNS) * ISOTACH_PLANAR_COLUMNS;
  // Between the planes lies a cache line more, so that they do not fall into the same cache sets.
  int64_t pitch = over(columns + (s->kernel_x - 1) * s->dilation_x, 16) * 16;
  return (isotach_planar){.kernel_y = s->kernel_y, .kernel_x = s->kernel_x, .dilation_y = s->dilation_y,
                          .dilation_x = s->dilation_x, .depth = ISOTACH_LANES,
                          .plane_step = (PIECE_ROWS + (s->kernel_y - 1) * s->dilation_y) * pitch + 16, .pitch = pitch,
                          .sums_step = columns};
}
static int64_t sums_floats(const isotach_last *p, const isotach_planar *planar) {
  return over(p->piece_rows, ISOTACH_PLANAR_ROWS) * ISOTACH_PLANAR_ROWS * planar->sums_step;
}

int isotach_plain_plan(const isotach_convolution *shape, int pools, isotach_last *p) {
  if (shape->channel_of_lane || !isotach_last_plan(shape, p) || !p->is_planar) return 0;
  p->is_plain = 1, p->pools = pools;
  if (pools) p->plane_step = (p->shape.out_height / 2) * (p->shape.out_width / 2);
  return 1;
}

int isotach_last_plan(const isotach_convolution *shape, isotach_last *p) {
  *p = (isotach_last){.shape = *shape, .level = isotach_cpu_level()};
  isotach_convolution *s = &p->shape;
  if (!isotach_complete(s) || s->kernel_y * s->kernel_x > 1024) return 0;
  if (s->groups > 1 || s->filters > MOST_FILTERS || s->filter_of_lane) return 0;
  p->taps = (int32_t)(s->kernel_y * s->kernel_x);
  p->in_blocks = isotach_in_blocks(s);
  p->last_depth = s->channel_of_lane || s->channels % ISOTACH_LANES == 0 ? ISOTACH_LANES : s->channels % ISOTACH_LANES;
  int64_t pixels = s->images * s->out_height * s->out_width;
  p->plane_step = s->out_height * s->out_width;
  // (The height does not matter: the packed weights serve rows of the result by themselves.)
  if (s->stride_y == 1 && s->stride_x == 1 && s->out_width >= ISOTACH_LANES) {
    // Whole tiles in all pieces but the last.
    p->piece_rows = over(over(s->out_height, over(s->out_height, PIECE_ROWS)), ISOTACH_PLANAR_ROWS) * ISOTACH_PLANAR_ROWS;
    p->row_pieces = over(s->out_height, p->piece_rows);
    p->piece_columns = over(over(s->out_width, over(s->out_width, PIECE_COLUMNS)), ISOTACH_LANES) * ISOTACH_LANES;
    p->column_pieces = over(s->out_width, p->piece_columns);
    p->pieces = s->images * p->row_pieces * p->column_pieces;
    p->is_planar = planar_of(p).plane_step <= MOST_PLANE_FLOATS;
    if (p->is_planar) return 1;
  }
  p->pieces = over(pixels, 480);
  p->piece_pixels = over(pixels, p->pieces);
  return 1;
}

// Weights of the filters from `first` on: [block][tap][filter of the chunk][lane]. Planar: [filter][block][channel][kx][ky],
// in the same memory.
static int64_t chunk_start(const isotach_last *p, int64_t first) {
  return ISOTACH_LANES * (1 + first * p->in_blocks * p->taps);
}

int64_t isotach_last_packed(const isotach_last *p) { return chunk_start(p, p->shape.filters); }
int64_t isotach_last_pack_ranges(const isotach_last *p) { return p->shape.filters; }

void isotach_last_pack(const isotach_last *p, const float *w, const float *bias, int64_t first, int64_t last,
                       float *packed) {
  isotach_tap_map map = isotach_tap_map_of(&p->shape);
  const isotach_convolution *s = &p->shape;
  for (int64_t f = first; f < last; ++f) {
    if (p->is_planar) {
      packed[f] = bias ? bias[f] : 0;
      float *target = packed + chunk_start(p, f);
      for (int64_t k = 0; k < p->in_blocks * ISOTACH_LANES; ++k) {
        const float *source = isotach_taps_of(s, &map, w, f, k);
        for (int64_t kx = 0; kx < s->kernel_x; ++kx)
          for (int64_t ky = 0; ky < s->kernel_y; ++ky)
            *target++ = source ? source[map.first + ky * map.step_y + kx * map.step_x] : 0;
      }
      continue;
    }
    int64_t begin = f / CHUNK * CHUNK, chunk = least(CHUNK, p->shape.filters - begin);
    packed[f] = bias ? bias[f] : 0;
    for (int64_t k = 0; k < p->in_blocks * ISOTACH_LANES; ++k) {
      const float *source = isotach_taps_of(&p->shape, &map, w, f, k);
      float *target = packed + chunk_start(p, begin)
                      + (k / ISOTACH_LANES * p->taps * chunk + f - begin) * ISOTACH_LANES + k % ISOTACH_LANES;
      for (int64_t t = 0; t < p->taps; ++t)
        target[t * chunk * ISOTACH_LANES] = source ? source[p->shape.turned ? p->taps - 1 - t : t] : 0;
    }
  }
}

int64_t isotach_last_scratch(const isotach_last *p) {
  if (!p->is_planar) return 2 * MOST_PIXELS * p->taps + 16;
  isotach_planar planar = planar_of(p);
  return 16 + ISOTACH_LANES * planar.plane_step + p->shape.filters * sums_floats(p, &planar);
}
int64_t isotach_last_pieces(const isotach_last *p) { return p->pieces; }

static inline float finish(float v, const isotach_epilogue *e) {
  switch (e->activation) {
  case ISOTACH_RELU: return v < 0 ? 0 : v;
  case ISOTACH_LEAKY: return v < 0 ? v * e->slope : v;
  case ISOTACH_CLIP: v = v < e->low ? e->low : v; return v > e->high ? e->high : v;
  default: return v;
  }
}

// The results of a filter from its sums, and the maxima of 2 x 2 of them.
static void pool(const isotach_last *p, int64_t rows, int64_t columns, int64_t step, float *sums, float bias,
                 const isotach_epilogue *e, float *y) {
  for (int64_t i = 0; i + 1 < rows; i += 2) {
    float *a = sums + i * step, *b = a + step;
    isotach_planar_finish(p->level, columns, a, bias, 0, e, a);
    isotach_planar_finish(p->level, columns, b, bias, 0, e, b);
    isotach_max_pool_half(a, step, 1, columns / 2, y + i / 2 * (p->shape.out_width / 2));
  }
}

// x is blocked, or plain and x_step floats apart.
static void run_planar(const isotach_last *p, int64_t piece, const isotach_blocked *x, const float *plain, int64_t x_step,
                       const float *packed, const isotach_epilogue *e, const float *residual, float *y,
                       int64_t image_step, float *scratch) {
  const isotach_convolution *s = &p->shape;
  isotach_planar planar = planar_of(p);
  int64_t column = piece % p->column_pieces * p->piece_columns, part = piece / p->column_pieces;
  int64_t row = part % p->row_pieces * p->piece_rows, image = part / p->row_pieces;
  int64_t rows = least(p->piece_rows, s->out_height - row), columns = least(p->piece_columns, s->out_width - column);
  if (rows <= 0 || columns <= 0) return;
  float *planes = (float *)(((uintptr_t)scratch + 63) / 64 * 64), *sums = planes + ISOTACH_LANES * planar.plane_step;
  int64_t floats = sums_floats(p, &planar), terms = ISOTACH_LANES * p->taps;
  for (int64_t block = 0; block < p->in_blocks; ++block) {
    planar.depth = block == p->in_blocks - 1 ? p->last_depth : ISOTACH_LANES;
    int64_t y0 = row - s->before_y, in_rows = rows + (s->kernel_y - 1) * s->dilation_y;
    int64_t x0 = column - s->before_x, in_columns = columns + (s->kernel_x - 1) * s->dilation_x;
    if (plain)
      isotach_planar_gather_plain(p->level, &planar,
                                  plain + image * x_step + block * ISOTACH_LANES * s->height * s->width, s->height,
                                  s->width, y0, in_rows, x0, in_columns, planes);
    else isotach_planar_gather(p->level, &planar, x, block, image, y0, in_rows, x0, in_columns, planes);
    isotach_planar_sums(p->level, &planar, s->filters, rows, columns, planes, packed + chunk_start(p, 0) + block * terms,
                        chunk_start(p, 1) - chunk_start(p, 0), sums, floats, block > 0);
  }
  for (int64_t f = 0; f < s->filters; ++f) {
    if (p->pools) {
      pool(p, rows, columns, planar.sums_step, sums + f * floats, packed[f], e,
           y + image * image_step + f * p->plane_step + row / 2 * (s->out_width / 2) + column / 2);
      continue;
    }
    for (int64_t i = 0; i < rows; ++i) {
      int64_t at = image * image_step + f * p->plane_step + (row + i) * s->out_width + column;
      isotach_planar_finish(p->level, columns, sums + f * floats + i * planar.sums_step, packed[f],
                            residual ? residual + at : 0, e, y + at);
    }
  }
}

void isotach_plain_run(const isotach_last *p, int64_t piece, const float *x, int64_t x_step, const float *packed,
                       const isotach_epilogue *e, const float *residual, float *y, int64_t image_step, float *scratch) {
  run_planar(p, piece, 0, x, x_step, packed, e, residual, y, image_step, scratch);
}

void isotach_last_run(const isotach_last *p, int64_t piece, const isotach_blocked *x, const float *packed,
                      const isotach_epilogue *e, const float *residual, float *y, int64_t image_step, float *scratch) {
  if (p->is_planar) return run_planar(p, piece, x, 0, 0, packed, e, residual, y, image_step, scratch);
  const isotach_convolution *s = &p->shape;
  int64_t plane = s->out_height * s->out_width;
  int64_t first = piece * p->piece_pixels, last = least(first + p->piece_pixels, s->images * plane);
  const float **starts = (const float **)(((uintptr_t)scratch + 63) / 64 * 64);
  isotach_tile_work work = {.blocks = p->in_blocks, .block_step = x->block_step, .steps = p->taps};
  for (int64_t begin = 0; begin < s->filters; begin += CHUNK) {
    int64_t chunk = least(CHUNK, s->filters - begin);
    const dots *d = &OF_LEVEL(p->level, dots_of)[chunk - 1];
    for (int64_t q = first; q < last;) {
      int is_one = last - q < d->pixels;
      int64_t pixels = is_one ? 1 : d->pixels;
      float sums[MOST_PIXELS * CHUNK];
      isotach_find_taps(s, x, q, pixels, starts);
      d->functions[is_one](&work, starts, packed + chunk_start(p, begin), sums);
      for (int64_t i = 0; i < pixels; ++i)
        for (int64_t f = 0; f < chunk; ++f) {
          int64_t at = (q + i) / plane * image_step + (begin + f) * p->plane_step + (q + i) % plane;
          float v = sums[i * chunk + f] + packed[begin + f];
          if (residual) v += residual[at];
          y[at] = finish(v, e);
        }
      q += pixels;
    }
  }
}
