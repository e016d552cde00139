#include <string.h>

#include "../vectors.h"
#include "arithmetic.h"
#include "planar.h"

// Rows of g and of x that are multiplied, floats from one to the next, and from one filter to the next.
typedef struct {
  int64_t rows, columns, g_row, g_plane, x_row;
} lines_work;
typedef void (*lines_function)(const lines_work *w, const int32_t *offset, const float *x, const float *g, float *sums,
                               int64_t step);
enum { TERMS_MOST = 5 };
// By filters - 1 and terms - 1.
typedef struct {
  int filters, lanes;
  const lines_function (*functions)[TERMS_MOST];
} line_functions;

#define TEMPLATE "planar_gradient_template.h"
#include "each_isa.h"

// Parts with sums of their own; vectors of sums, which stay in the second-level cache, as do the floats of a band.
enum { PARTS = 8, MOST_SUMS = 4096, BAND_FLOATS = 96 << 10 };

int isotach_planar_gradient_plan(const isotach_convolution *shape, isotach_planar_gradient *p) {
  *p = (isotach_planar_gradient){.shape = *shape, .level = isotach_cpu_level()};
  isotach_convolution *s = &p->shape;
  if (!isotach_complete(s) || s->turned || s->groups > 1 || s->channel_of_lane || s->filter_of_lane) return 0;
  if (s->stride_y > 1 || s->stride_x > 1 || s->images < 1 || s->out_height < 1 || s->out_width < 1) return 0;
  if (s->channels > MOST_SUMS || s->filters > MOST_SUMS || s->kernel_y > MOST_SUMS || s->kernel_x > MOST_SUMS) return 0;
  if (s->kernel_y * s->kernel_x > MOST_SUMS || s->channels * s->kernel_y * s->kernel_x > MOST_SUMS) return 0;
  p->terms = s->channels * s->kernel_y * s->kernel_x;
  if (p->terms * s->filters > MOST_SUMS) return 0;
  p->lanes = OF_LEVEL(p->level, lines).lanes;
  p->columns = over(s->out_width, p->lanes) * p->lanes;
  p->pitch = over(p->columns + (s->kernel_x - 1) * s->dilation_x, 16) * 16;
  int64_t more = (s->kernel_y - 1) * s->dilation_y;
  int64_t row = s->channels * p->pitch + s->filters * p->columns;
  p->band_rows = least(s->out_height, (BAND_FLOATS - least(BAND_FLOATS, s->channels * p->pitch * more)) / row);
  if (p->band_rows < least(s->out_height, 4)) return 0;
  p->plane_rows = p->band_rows + more;
  p->parts = least(PARTS, s->images * s->out_height);
  return 1;
}

static inline int64_t sum_floats(const isotach_planar_gradient *p) { return p->terms * p->shape.filters * p->lanes; }
static inline int64_t x_floats(const isotach_planar_gradient *p) { return p->shape.channels * p->plane_rows * p->pitch; }
static inline int64_t g_floats(const isotach_planar_gradient *p) {
  return over(p->shape.filters * p->band_rows * p->columns, 16) * 16;
}
static inline int64_t part_floats(const isotach_planar_gradient *p) {
  return over(sum_floats(p), 16) * 16 + x_floats(p) + g_floats(p) + over(p->terms, 16) * 16;
}

int64_t isotach_planar_gradient_shared(const isotach_planar_gradient *p) { return p->parts * part_floats(p); }
int64_t isotach_planar_gradient_pieces(const isotach_planar_gradient *p, int64_t phase) {
  return phase == 0 ? p->parts : p->shape.filters;
}

static void sum_part(const isotach_planar_gradient *p, int64_t part, const float *x, const float *dy, float *sums) {
  const isotach_convolution *s = &p->shape;
  float *band = sums + over(sum_floats(p), 16) * 16, *seeds = band + x_floats(p);
  int32_t *offset = (int32_t *)(seeds + g_floats(p));
  int64_t term = 0, rows = s->images * s->out_height, end = rows * (part + 1) / p->parts;
  for (int64_t c = 0; c < s->channels; ++c)
    for (int64_t ky = 0; ky < s->kernel_y; ++ky)
      for (int64_t kx = 0; kx < s->kernel_x; ++kx)
        offset[term++] = (int32_t)((c * p->plane_rows + ky * s->dilation_y) * p->pitch + kx * s->dilation_x);
  memset(sums, 0, (size_t)sum_floats(p) * sizeof *sums);
  line_functions all = OF_LEVEL(p->level, lines);
  isotach_planar of_x = {.depth = s->channels, .plane_step = p->plane_rows * p->pitch, .pitch = p->pitch};
  isotach_planar of_g = {.depth = s->filters, .plane_step = p->band_rows * p->columns, .pitch = p->columns};
  int64_t groups = over(p->terms, TERMS_MOST), sets = over(s->filters, all.filters), step = p->terms * p->lanes;
  for (int64_t row = rows * part / p->parts; row < end;) {
    int64_t image = row / s->out_height, first = row % s->out_height;
    int64_t count = least(least(p->band_rows, s->out_height - first), end - row);
    isotach_planar_gather_plain(p->level, &of_x, x + image * s->channels * s->height * s->width, s->height, s->width,
                                first - s->before_y, count + (s->kernel_y - 1) * s->dilation_y, -s->before_x, p->pitch,
                                band);
    isotach_planar_gather_plain(p->level, &of_g, dy + image * s->filters * s->out_height * s->out_width, s->out_height,
                                s->out_width, first, count, 0, p->columns, seeds);
    lines_work work = {.rows = count, .columns = p->columns, .g_row = p->columns, .g_plane = of_g.plane_step,
                       .x_row = p->pitch};
    for (int64_t set = 0; set < sets; ++set) {
      int64_t f = s->filters * set / sets, filters = s->filters * (set + 1) / sets - f;
      for (int64_t group = 0; group < groups; ++group) {
        int64_t t = p->terms * group / groups, terms = p->terms * (group + 1) / groups - t;
        all.functions[filters - 1][terms - 1](&work, offset + t, band, seeds + f * of_g.plane_step,
                                              sums + f * step + t * p->lanes, step);
      }
    }
    row += count;
  }
}

static void finish(const isotach_planar_gradient *p, int64_t filter, const float *sums, float *dw) {
  sums += filter * p->terms * p->lanes;
  for (int64_t t = 0; t < p->terms; ++t) {
    float sum = 0;
    for (int64_t part = 0; part < p->parts; ++part) {
      const float *lanes = sums + part * part_floats(p) + t * p->lanes;
      float of_part = 0;
      for (int64_t l = 0; l < p->lanes; ++l) of_part += lanes[l];
      sum += of_part;
    }
    dw[filter * p->terms + t] = sum;
  }
}

void isotach_planar_gradient_run(const isotach_planar_gradient *p, int64_t phase, int64_t piece, const float *x,
                                 const float *dy, float *dw, float *shared) {
  if (phase == 0) sum_part(p, piece, x, dy, shared + piece * part_floats(p));
  else finish(p, piece, shared, dw);
}
