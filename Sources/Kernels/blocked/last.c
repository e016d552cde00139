#include "../vectors.h"
#include "arithmetic.h"
#include "pixels.h"
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

int isotach_last_plan(const isotach_convolution *shape, isotach_last *p) {
  *p = (isotach_last){.shape = *shape, .level = isotach_cpu_level()};
  isotach_convolution *s = &p->shape;
  if (!isotach_complete(s) || s->kernel_y * s->kernel_x > 1024) return 0;
  if (s->groups > 1 || s->filters > MOST_FILTERS || s->filter_of_lane) return 0;
  p->taps = (int32_t)(s->kernel_y * s->kernel_x);
  p->in_blocks = isotach_in_blocks(s);
  int64_t pixels = s->images * s->out_height * s->out_width;
  p->pieces = over(pixels, 480);
  p->piece_pixels = over(pixels, p->pieces);
  return 1;
}

// Weights of the filters from `first` on: [block][tap][filter of the chunk][lane].
static int64_t chunk_start(const isotach_last *p, int64_t first) {
  return ISOTACH_LANES * (1 + first * p->in_blocks * p->taps);
}

int64_t isotach_last_packed(const isotach_last *p) { return chunk_start(p, p->shape.filters); }
int64_t isotach_last_pack_ranges(const isotach_last *p) { return p->shape.filters; }

void isotach_last_pack(const isotach_last *p, const float *w, const float *bias, int64_t first, int64_t last,
                       float *packed) {
  isotach_tap_map map = isotach_tap_map_of(&p->shape);
  for (int64_t f = first; f < last; ++f) {
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

int64_t isotach_last_scratch(const isotach_last *p) { return 2 * MOST_PIXELS * p->taps + 16; }
int64_t isotach_last_pieces(const isotach_last *p) { return p->pieces; }

static inline float finish(float v, const isotach_epilogue *e) {
  switch (e->activation) {
  case ISOTACH_RELU: return v < 0 ? 0 : v;
  case ISOTACH_LEAKY: return v < 0 ? v * e->slope : v;
  case ISOTACH_CLIP: v = v < e->low ? e->low : v; return v > e->high ? e->high : v;
  default: return v;
  }
}

void isotach_last_run(const isotach_last *p, int64_t piece, const isotach_blocked *x, const float *packed,
                      const isotach_epilogue *e, const float *residual, float *y, int64_t image_step, float *scratch) {
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
          int64_t at = (q + i) / plane * image_step + (begin + f) * plane + (q + i) % plane;
          float v = sums[i * chunk + f] + packed[begin + f];
          if (residual) v += residual[at];
          y[at] = finish(v, e);
        }
      q += pixels;
    }
  }
}
