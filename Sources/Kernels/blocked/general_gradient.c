#include <string.h>

#include "arithmetic.h"
#include "outer.h"
#include "weights.h"
#include "window.h"

// Pixels whose gradients of 64 filters stay in the first-level cache; sums that stay in the second-level cache; pieces
// there should be.
enum { AREA_PIXELS = 96, SUM_FLOATS = 96 << 10, PIECES = 8 };

int isotach_general_gradient_plan(const isotach_convolution *shape, isotach_general_gradient *p) {
  *p = (isotach_general_gradient){.parts = 0};
  if (shape->turned || !isotach_general_plan(shape, &p->forward)) return 0;
  const isotach_general *f = &p->forward;
  p->parts = least(f->shape.images * f->shape.out_height, over(PIECES, f->groups * f->ranges));
  return 1;
}

static inline int64_t range_begin(const isotach_general *f, int64_t range) { return f->out_blocks * range / f->ranges; }
// Sums of all filters of a range and one part: [in block][tap][lane][filter].
static inline int64_t terms(const isotach_general *f) { return f->in_blocks * f->taps * ISOTACH_LANES; }
static inline int64_t part_floats(const isotach_general *f) {
  return f->groups * f->out_blocks * ISOTACH_LANES * terms(f);
}
static inline float *sums_of(const isotach_general_gradient *p, int64_t part, int64_t group, int64_t range, float *shared) {
  const isotach_general *f = &p->forward;
  return shared + part * part_floats(f) + (group * f->out_blocks + range_begin(f, range)) * ISOTACH_LANES * terms(f);
}

int64_t isotach_general_gradient_shared(const isotach_general_gradient *p) { return p->parts * part_floats(&p->forward); }
int64_t isotach_general_gradient_phases(const isotach_general_gradient *p) {
  (void)p;
  return 2;
}
int64_t isotach_general_gradient_pieces(const isotach_general_gradient *p, int64_t phase) {
  const isotach_general *f = &p->forward;
  return phase == 0 ? p->parts * f->groups * f->ranges : f->groups * f->out_blocks * f->in_blocks;
}

// What of y is summed at a time: rows and columns of an image.
typedef struct {
  int64_t image, first_row, last_row, first, last;
} area;

// The blocks `block` ..< `end` of channels.
static void add_area(const isotach_general *f, const isotach_blocked *x, const isotach_blocked *dy, const area *at,
                     int64_t group, int64_t begin, int64_t wide, int64_t block, int64_t end, float *sums) {
  const isotach_convolution *s = &f->shape;
  const float *seeds = dy->data + (group * f->out_blocks + begin) * dy->block_step + at->image * dy->image_step;
  for (; block < end; ++block) {
    // Few channels: the lanes behind them are not summed.
    int64_t lanes = most(4, block == f->in_blocks - 1 ? f->last_depth : ISOTACH_LANES);
    const float *plane = x->data + (group * f->in_blocks + block) * x->block_step + at->image * x->image_step;
    for (int64_t t = 0; t < f->taps; ++t) {
      int64_t at_y = t / s->kernel_x * s->dilation_y - s->before_y, top, bottom;
      int64_t at_x = t % s->kernel_x * s->dilation_x - s->before_x, from, to;
      isotach_whole_windows(at->last_row, s->stride_y, -at_y, 0, -x->halo_y, x->height + x->halo_y, &top, &bottom);
      isotach_whole_windows(at->last, s->stride_x, -at_x, 0, -x->halo_x, x->width + x->halo_x, &from, &to);
      top = most(top, at->first_row), from = most(from, at->first);
      if (from >= to || top >= bottom) continue;
      isotach_outer_work work = {.count = to - from, .a_step = s->stride_x * ISOTACH_LANES, .b_step = ISOTACH_LANES,
                                 .b_block = dy->block_step, .c_step = wide, .lines = bottom - top,
                                 .a_line = s->stride_y * x->row_step, .b_line = dy->row_step};
      isotach_outer(f->level, &work, lanes, wide,
                    plane + (top * s->stride_y + at_y) * x->row_step + (from * s->stride_x + at_x) * ISOTACH_LANES,
                    seeds + top * dy->row_step + from * ISOTACH_LANES,
                    sums + (block * f->taps + t) * ISOTACH_LANES * wide, 1);
    }
  }
}

void isotach_general_gradient_run(const isotach_general_gradient *p, int64_t phase, int64_t piece,
                                  const isotach_blocked *x, const isotach_blocked *dy, float *dw, float *shared) {
  const isotach_general *f = &p->forward;
  if (phase == 0) {
    int64_t range = piece % f->ranges, group = piece / f->ranges % f->groups, part = piece / f->ranges / f->groups;
    int64_t rows = f->shape.images * f->shape.out_height, begin = range_begin(f, range);
    int64_t wide = (range_begin(f, range + 1) - begin) * ISOTACH_LANES;
    float *sums = sums_of(p, part, group, range, shared);
    memset(sums, 0, (size_t)(wide * terms(f)) * sizeof *sums);
    int64_t height = f->shape.out_height, width = f->shape.out_width, end = rows * (part + 1) / p->parts;
    int64_t blocks = most(1, SUM_FLOATS / (f->taps * ISOTACH_LANES * wide)), most_rows = most(1, AREA_PIXELS / width);
    for (int64_t block = 0; block < f->in_blocks; block += blocks)
      for (int64_t row = rows * part / p->parts; row < end;) {
        int64_t first = row % height, count = least(least(most_rows, height - first), end - row);
        for (int64_t column = 0; column < width; column += AREA_PIXELS) {
          area at = {row / height, first, first + count, column, least(column + AREA_PIXELS, width)};
          add_area(f, x, dy, &at, group, begin, wide, block, least(block + blocks, f->in_blocks), sums);
        }
        row += count;
      }
    return;
  }
  int64_t in = piece % f->in_blocks, out = piece / f->in_blocks, group = out / f->out_blocks, inside = out % f->out_blocks;
  int64_t range = 0;
  while (range_begin(f, range + 1) <= inside) ++range;
  int64_t begin = range_begin(f, range), wide = (range_begin(f, range + 1) - begin) * ISOTACH_LANES;
  isotach_tap_map map = isotach_tap_map_of(&f->shape);
  for (int64_t k = 0; k < ISOTACH_LANES; ++k)
    for (int64_t l = 0; l < ISOTACH_LANES; ++l) {
      float *target = (float *)isotach_taps_of(&f->shape, &map, dw, out * ISOTACH_LANES + l,
                                               (group * f->in_blocks + in) * ISOTACH_LANES + k);
      for (int64_t t = 0; target && t < f->taps; ++t) {
        int64_t at = ((in * f->taps + t) * ISOTACH_LANES + k) * wide + (inside - begin) * ISOTACH_LANES + l;
        float sum = sums_of(p, 0, group, range, shared)[at];
        for (int64_t part = 1; part < p->parts; ++part) sum += sums_of(p, part, group, range, shared)[at];
        target[t] = sum;
      }
    }
}

void isotach_bias_gradient(const isotach_blocked *dy, int64_t channels, float *db, int64_t first, int64_t last) {
  for (int64_t block = first; block < last; ++block) {
    double total[ISOTACH_LANES] = {0};
    for (int64_t image = 0; image < dy->images; ++image) {
      const float *plane = dy->data + block * dy->block_step + image * dy->image_step;
      for (int64_t row = 0; row < dy->height; ++row) {
        float sums[ISOTACH_LANES] = {0};
        const float *source = plane + row * dy->row_step;
        for (int64_t i = 0; i < dy->width; ++i)
          for (int l = 0; l < ISOTACH_LANES; ++l) sums[l] += source[i * ISOTACH_LANES + l];
        for (int l = 0; l < ISOTACH_LANES; ++l) total[l] += (double)sums[l];
      }
    }
    for (int64_t l = 0; l < ISOTACH_LANES && block * ISOTACH_LANES + l < channels; ++l)
      db[block * ISOTACH_LANES + l] = (float)total[l];
  }
}
