#include <string.h>

#include "../vectors.h"
#include "arithmetic.h"
#include "tile.h"
#include "weights.h"

// Rows that are summed, floats from one to the next in the plain image; lines of them; blocks of 16 columns.
typedef struct {
  int64_t count, a_step, lines, a_line, b_line, b_block;
} stretch_work;
typedef void (*stretch_function)(const stretch_work *work, const int32_t *offset, const float *a, const float *b,
                                 float *c, int64_t c_step);
enum { STRETCHES_MOST = 8 };
// Taps of a function at most, by its vectors - 1.
typedef struct {
  int tall[4];
  const stretch_function (*functions)[STRETCHES_MOST];
} stretches;

#define TEMPLATE "border_gradient_template.h"
#include "each_isa.h"

// Blocked pixels that stay in the first-level cache; parts with sums of their own; floats of a band of plain rows.
enum { AREA_PIXELS = 96, PARTS = 8, MOST_TERMS = 1024, MOST_BAND_FLOATS = 256 << 10 };

// First: the plain image is x, pixels are those of dy, a tap looks `tap * dilation` further. Last: the plain image is
// dy, pixels are those of x, a tap looks `(kernel - 1 - tap) * dilation` further.
int isotach_border_gradient_plan(const isotach_convolution *shape, int is_last, isotach_border_gradient *p) {
  *p = (isotach_border_gradient){.shape = *shape, .level = isotach_cpu_level(), .is_last = is_last != 0};
  isotach_convolution *s = &p->shape;
  if (!isotach_complete(s) || s->turned || s->groups > 1 || s->channel_of_lane || s->filter_of_lane) return 0;
  if (is_last && (s->stride_y > 1 || s->stride_x > 1 || s->height < 1 || s->width < 1)) return 0;
  int64_t planes = is_last ? s->filters : s->channels;
  if (s->kernel_y > MOST_TERMS || s->kernel_x > MOST_TERMS || planes > MOST_TERMS) return 0;
  p->terms = planes * s->kernel_y * s->kernel_x;
  if (s->kernel_y * s->kernel_x > MOST_TERMS || p->terms > MOST_TERMS) return 0;
  p->rows = is_last ? s->height : s->out_height;
  p->columns = is_last ? s->width : s->out_width;
  p->blocks = over(is_last ? s->channels : s->filters, ISOTACH_LANES);
  p->ranges = over(p->blocks, ISOTACH_TILE_BLOCKS);
  p->parts = least(PARTS, s->images * p->rows);
  p->band_rows = least(most(1, AREA_PIXELS / p->columns), p->rows);
  p->plane_rows = (p->band_rows - 1) * s->stride_y + (s->kernel_y - 1) * s->dilation_y + 1;
  p->pitch = (p->columns - 1) * s->stride_x + (s->kernel_x - 1) * s->dilation_x + 1;
  return p->plane_rows <= MOST_BAND_FLOATS / planes / p->pitch;
}

static inline int64_t planes_of(const isotach_border_gradient *p) {
  return p->is_last ? p->shape.filters : p->shape.channels;
}
static inline int64_t range_begin(const isotach_border_gradient *p, int64_t range) {
  return p->blocks * range / p->ranges;
}
// Sums of a part: by range, term and column; then the band, and where each term begins in it.
static inline int64_t sum_floats(const isotach_border_gradient *p) { return p->blocks * ISOTACH_LANES * p->terms; }
static inline int64_t band_floats(const isotach_border_gradient *p) {
  return over(planes_of(p) * p->plane_rows * p->pitch, 16) * 16;
}
static inline int64_t part_floats(const isotach_border_gradient *p) {
  return sum_floats(p) + band_floats(p) + over(p->terms, 16) * 16;
}

int64_t isotach_border_gradient_shared(const isotach_border_gradient *p) { return p->parts * part_floats(p); }
int64_t isotach_border_gradient_phases(const isotach_border_gradient *p) {
  (void)p;
  return 2;
}
int64_t isotach_border_gradient_pieces(const isotach_border_gradient *p, int64_t phase) {
  return phase == 0 ? p->parts : p->blocks;
}

// The plain rows that the pixels of rows first ..< last see, with zeros around them.
static void fill_band(const isotach_border_gradient *p, const float *plain, int64_t first, int64_t last, float *band) {
  const isotach_convolution *s = &p->shape;
  int64_t height = p->is_last ? s->out_height : s->height, width = p->is_last ? s->out_width : s->width;
  // Row and column of the image where the band begins.
  int64_t row = p->is_last ? first + s->before_y - (s->kernel_y - 1) * s->dilation_y : first * s->stride_y - s->before_y;
  int64_t column = p->is_last ? s->before_x - (s->kernel_x - 1) * s->dilation_x : -s->before_x;
  int64_t left = least(most(0, -column), p->pitch), right = most(left, least(p->pitch, width - column));
  int64_t rows = (last - first - 1) * s->stride_y + (s->kernel_y - 1) * s->dilation_y + 1;
  for (int64_t c = 0; c < planes_of(p); ++c)
    for (int64_t i = 0; i < rows; ++i) {
      int is_there = row + i >= 0 && row + i < height;
      int64_t begin = is_there ? left : p->pitch, end = is_there ? right : p->pitch;
      float *target = band + (c * p->plane_rows + i) * p->pitch;
      memset(target, 0, (size_t)begin * sizeof *target);
      if (end > begin)
        memcpy(target + begin, plain + (c * height + row + i) * width + column + begin,
               (size_t)(end - begin) * sizeof *target);
      memset(target + end, 0, (size_t)(p->pitch - end) * sizeof *target);
    }
}

static void sum_part(const isotach_border_gradient *p, int64_t part, const float *plain, int64_t image_step,
                     const isotach_blocked *pixels, float *sums) {
  const isotach_convolution *s = &p->shape;
  float *band = sums + sum_floats(p);
  int32_t *offset = (int32_t *)(band + band_floats(p));
  int64_t term = 0, rows = s->images * p->rows, end = rows * (part + 1) / p->parts;
  for (int64_t c = 0; c < planes_of(p); ++c)
    for (int64_t ky = 0; ky < s->kernel_y; ++ky)
      for (int64_t kx = 0; kx < s->kernel_x; ++kx) {
        int64_t y = (p->is_last ? s->kernel_y - 1 - ky : ky) * s->dilation_y;
        int64_t x = (p->is_last ? s->kernel_x - 1 - kx : kx) * s->dilation_x;
        offset[term++] = (int32_t)((c * p->plane_rows + y) * p->pitch + x);
      }
  memset(sums, 0, (size_t)sum_floats(p) * sizeof *sums);
  const isotach_tiles *tiles = isotach_tiles_of(p->level);
  stretches all = OF_LEVEL(p->level, stretches);
  for (int64_t row = rows * part / p->parts; row < end;) {
    int64_t image = row / p->rows, first = row % p->rows;
    int64_t count = least(least(p->band_rows, p->rows - first), end - row);
    fill_band(p, plain + image * image_step, first, first + count, band);
    for (int64_t range = 0; range < p->ranges; ++range) {
      int64_t begin = range_begin(p, range), wide = (range_begin(p, range + 1) - begin) * ISOTACH_LANES;
      float *target = sums + begin * ISOTACH_LANES * p->terms;
      const float *source = pixels->data + begin * pixels->block_step + image * pixels->image_step + first * pixels->row_step;
      for (int64_t column = 0; column < p->columns; column += AREA_PIXELS) {
        stretch_work work = {.count = least(AREA_PIXELS, p->columns - column), .a_step = s->stride_x, .lines = count,
                             .a_line = s->stride_y * p->pitch, .b_line = pixels->row_step, .b_block = pixels->block_step};
        for (int64_t j = 0; j < wide;) {
          int64_t vectors = least((wide - j) / tiles->lanes, tiles->wide), tall = all.tall[vectors - 1];
          int64_t groups = over(p->terms, tall);
          const float *b = source + column * ISOTACH_LANES + j / ISOTACH_LANES * pixels->block_step + j % ISOTACH_LANES;
          for (int64_t group = 0; group < groups; ++group) {
            int64_t t = p->terms * group / groups, here = p->terms * (group + 1) / groups - t;
            all.functions[vectors - 1][here - 1](&work, offset + t, band + column * s->stride_x, b, target + t * wide + j,
                                                 wide);
          }
          j += vectors * tiles->lanes;
        }
      }
    }
    row += count;
  }
}

// A block of the lanes: of filters, or of channels.
static void finish(const isotach_border_gradient *p, int64_t block, const float *sums, float *dw) {
  const isotach_convolution *s = &p->shape;
  int64_t range = 0, taps = s->kernel_y * s->kernel_x;
  while (range_begin(p, range + 1) <= block) ++range;
  int64_t begin = range_begin(p, range), wide = (range_begin(p, range + 1) - begin) * ISOTACH_LANES;
  sums += begin * ISOTACH_LANES * p->terms + (block - begin) * ISOTACH_LANES;
  int64_t lanes = least(ISOTACH_LANES, (p->is_last ? s->channels : s->filters) - block * ISOTACH_LANES);
  for (int64_t l = 0; l < lanes; ++l)
    for (int64_t t = 0; t < p->terms; ++t) {
      float sum = sums[t * wide + l];
      for (int64_t part = 1; part < p->parts; ++part) sum += sums[part * part_floats(p) + t * wide + l];
      int64_t lane = block * ISOTACH_LANES + l;
      dw[p->is_last ? (t / taps * s->channels + lane) * taps + t % taps : lane * p->terms + t] = sum;
    }
}

void isotach_border_gradient_run(const isotach_border_gradient *p, int64_t phase, int64_t piece, const float *plain,
                                 int64_t image_step, const isotach_blocked *pixels, float *dw, float *shared) {
  if (phase == 0) sum_part(p, piece, plain, image_step, pixels, shared + piece * part_floats(p));
  else finish(p, piece, shared, dw);
}
