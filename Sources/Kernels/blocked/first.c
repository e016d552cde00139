#include <string.h>

#include "../vectors.h"
#include "arithmetic.h"
#include "pixels.h"
#include "tile.h"
#include "weights.h"

typedef void (*row_tile_function)(int64_t count, const int32_t *offset, const float *x, int64_t pixel_step,
                                  const float *b, int64_t b_step, float *c, int64_t c_step);
enum { ROWS = 12 };
// Rows of a tile, by its vectors - 1: as many sums as the registers hold.
typedef struct {
  int tall[4];
  const row_tile_function (*functions)[ROWS];
} row_tiles;

#define TEMPLATE "first_template.h"
#include "each_isa.h"

enum { MOST_TERMS = 1024, PIECE_PIXELS = 960, MOST_PLANE_FLOATS = 256 << 10 };

int isotach_first_plan(const isotach_convolution *shape, isotach_first *p) {
  *p = (isotach_first){.shape = *shape, .level = isotach_cpu_level()};
  isotach_convolution *s = &p->shape;
  if (!isotach_complete(s) || s->groups > 1 || s->channel_of_lane) return 0;
  if (s->kernel_y * s->kernel_x > MOST_TERMS || s->channels > MOST_TERMS) return 0;
  p->terms = s->channels * s->kernel_y * s->kernel_x;
  if (p->terms > MOST_TERMS) return 0;
  p->out_blocks = isotach_out_blocks(s);
  p->ranges = over(p->out_blocks, ISOTACH_TILE_BLOCKS);
  p->piece_rows = least(most(1, PIECE_PIXELS / s->out_width), s->out_height);
  p->row_pieces = over(s->out_height, p->piece_rows);
  p->piece_rows = over(s->out_height, p->row_pieces);
  p->plane_rows = (p->piece_rows - 1) * s->stride_y + (s->kernel_y - 1) * s->dilation_y + 1;
  p->pitch = (s->out_width - 1) * s->stride_x + (s->kernel_x - 1) * s->dilation_x + 1;
  return p->plane_rows * p->pitch <= MOST_PLANE_FLOATS / s->channels;
}

static inline int64_t range_begin(const isotach_first *p, int64_t range) { return p->out_blocks * range / p->ranges; }
static inline int64_t range_start(const isotach_first *p, int64_t range) {
  return ISOTACH_LANES * (p->out_blocks + range_begin(p, range) * p->terms);
}

int64_t isotach_first_packed(const isotach_first *p) { return ISOTACH_LANES * p->out_blocks * (1 + p->terms); }
int64_t isotach_first_pack_ranges(const isotach_first *p) { return p->out_blocks; }

void isotach_first_pack(const isotach_first *p, const float *w, const float *bias, int64_t first, int64_t last,
                        float *packed) {
  int64_t taps = p->shape.kernel_y * p->shape.kernel_x;
  isotach_tap_map map = isotach_tap_map_of(&p->shape);
  for (int64_t block = first; block < last; ++block) {
    int64_t range = 0;
    while (range_begin(p, range + 1) <= block) ++range;
    int64_t begin = range_begin(p, range), wide = (range_begin(p, range + 1) - begin) * ISOTACH_LANES;
    float *target = packed + range_start(p, range) + (block - begin) * ISOTACH_LANES;
    isotach_pack_bias(&p->shape, bias, block, packed + block * ISOTACH_LANES);
    for (int64_t c = 0; c < p->shape.channels; ++c)
      isotach_gather_taps(&p->shape, &map, w, block, c, target + c * taps * wide, wide);
  }
}

int64_t isotach_first_scratch(const isotach_first *p) {
  return over(p->terms, 16) * 16 + ROWS * 64 + p->shape.channels * p->plane_rows * p->pitch;
}
int64_t isotach_first_pieces(const isotach_first *p) { return p->shape.images * p->row_pieces; }

void isotach_first_run(const isotach_first *p, int64_t piece, const float *x, int64_t image_step, const float *packed,
                       const isotach_epilogue *e, const isotach_blocked *y, float *scratch) {
  const isotach_convolution *s = &p->shape;
  int64_t image = piece / p->row_pieces, first = piece % p->row_pieces * p->piece_rows;
  int64_t last = least(first + p->piece_rows, s->out_height);
  int32_t *offset = (int32_t *)scratch;
  float *sums = scratch + over(p->terms, 16) * 16, *planes = sums + ROWS * 64;
  int64_t plane = p->plane_rows * p->pitch, l = 0;
  for (int64_t c = 0; c < s->channels; ++c)
    for (int64_t ky = 0; ky < s->kernel_y; ++ky)
      for (int64_t kx = 0; kx < s->kernel_x; ++kx)
        offset[l++] = (int32_t)(c * plane + ky * s->dilation_y * p->pitch + kx * s->dilation_x);
  // The rows that the band reads, with zeros around them.
  int64_t left = least(most(0, s->before_x), p->pitch), right = most(left, least(p->pitch, s->width + s->before_x));
  int64_t top = first * s->stride_y - s->before_y;
  int is_whole = left == 0 && right == p->pitch && s->width == p->pitch && top >= 0 && top + p->plane_rows <= s->height;
  for (int64_t c = 0; c < s->channels; ++c) {
    const float *source = x + image * image_step + c * s->height * s->width;
    // Small images: a call for each row would cost as much as the sums.
    if (is_whole) {
      memcpy(planes + c * plane, source + top * s->width, (size_t)plane * sizeof *planes);
      continue;
    }
    for (int64_t i = 0; i < p->plane_rows; ++i) {
      int64_t row = top + i;
      int is_there = row >= 0 && row < s->height;
      int64_t begin = is_there ? left : p->pitch, end = is_there ? right : p->pitch;
      float *target = planes + c * plane + i * p->pitch;
      memset(target, 0, (size_t)begin * sizeof *target);
      if (end > begin)
        memcpy(target + begin, source + row * s->width + begin - s->before_x, (size_t)(end - begin) * sizeof *target);
      memset(target + end, 0, (size_t)(p->pitch - end) * sizeof *target);
    }
  }
  const isotach_blocked *r = e->residual, *m = e->mask;
  const isotach_tiles *tiles = isotach_tiles_of(p->level);
  row_tiles all = OF_LEVEL(p->level, row_tiles);
  for (int64_t range = 0; range < p->ranges; ++range) {
    int64_t begin = range_begin(p, range), wide = (range_begin(p, range + 1) - begin) * ISOTACH_LANES;
    const float *b = packed + range_start(p, range);
    isotach_bases bases = {{0}, {0}, {0}};
    for (int64_t k = 0; k < wide / ISOTACH_LANES; ++k) {
      bases.y[k] = y->data + (begin + k) * y->block_step;
      if (r) bases.residual[k] = r->data + (begin + k) * r->block_step;
      if (m) bases.mask[k] = m->data + (begin + k) * m->block_step;
    }
    int64_t parts = over(s->out_width, all.tall[least(wide / tiles->lanes, tiles->wide) - 1]);
    for (int64_t row = first; row < last; ++row)
      for (int64_t part = 0; part < parts; ++part) {
        int64_t column = s->out_width * part / parts, rows = s->out_width * (part + 1) / parts - column;
        const float *corner = planes + (row - first) * s->stride_y * p->pitch + column * s->stride_x;
        for (int64_t j = 0; j < wide;) {
          int64_t vectors = least((wide - j) / tiles->lanes, tiles->wide);
          all.functions[vectors - 1][rows - 1](p->terms, offset, corner, s->stride_x, b + j, wide, sums + j, wide);
          j += vectors * tiles->lanes;
        }
        int64_t y_offset[ROWS], r_offset[ROWS], m_offset[ROWS];
        for (int64_t i = 0; i < rows; ++i) {
          y_offset[i] = image * y->image_step + row * y->row_step + (column + i) * ISOTACH_LANES;
          if (r) r_offset[i] = image * r->image_step + row * r->row_step + (column + i) * ISOTACH_LANES;
          if (m) m_offset[i] = image * m->image_step + row * m->row_step + (column + i) * ISOTACH_LANES;
        }
        isotach_offsets at = {y_offset, r_offset, m_offset};
        OF_LEVEL(p->level, finish_pixels)(rows, wide, sums, packed + begin * ISOTACH_LANES, e, &bases, &at);
      }
  }
}
