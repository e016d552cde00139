#include "../vectors.h"
#include "arithmetic.h"

#define TEMPLATE "normalization_template.h"
#include "each_isa.h"

// Parts of the rows of a block.
enum { PARTS = 8 };

static inline int64_t rows_of(const isotach_blocked *x) { return x->images * x->height; }
static inline int64_t parts_of(const isotach_blocked *x) { return most(1, least(PARTS, rows_of(x))); }
static inline const float *row_of(const isotach_blocked *v, int64_t block, int64_t row) {
  return v ? v->data + block * v->block_step + row / v->height * v->image_step + row % v->height * v->row_step : 0;
}

int64_t isotach_blocked_sum_pieces(const isotach_blocked *x) { return x->blocks * parts_of(x); }
int64_t isotach_blocked_sum_doubles(const isotach_blocked *x) { return isotach_blocked_sum_pieces(x) * 2 * ISOTACH_LANES; }

// The numbers of a block's channels, 0 behind the last.
static void lanes_of(const float *numbers, int64_t block, int64_t channels, float *lanes) {
  for (int64_t l = 0; l < ISOTACH_LANES; ++l)
    lanes[l] = numbers && block * ISOTACH_LANES + l < channels ? numbers[block * ISOTACH_LANES + l] : 0;
}

void isotach_blocked_products(const isotach_blocked *dy, const isotach_blocked *mask, const isotach_blocked *x,
                              const float *centre, int64_t channels, int64_t piece, double *sums) {
  int64_t parts = parts_of(x), block = piece / parts, part = piece % parts, rows = rows_of(x);
  int level = isotach_cpu_level();
  float middle[ISOTACH_LANES];
  lanes_of(centre, block, channels, middle);
  double *first = sums + piece * 2 * ISOTACH_LANES, *second = first + ISOTACH_LANES;
  for (int l = 0; l < 2 * ISOTACH_LANES; ++l) first[l] = 0;
  for (int64_t row = rows * part / parts; row < rows * (part + 1) / parts; ++row)
    OF_LEVEL(level, sum_row)(row_of(dy, block, row), row_of(mask, block, row), row_of(x, block, row), middle, x->width,
                             first, second);
}

void isotach_blocked_moments(const isotach_blocked *x, const float *centre, int64_t channels, int64_t piece,
                             double *sums) {
  isotach_blocked_products(0, 0, x, centre, channels, piece, sums);
}

void isotach_blocked_sum_finish(const isotach_blocked *x, int64_t channels, const double *sums, double *first,
                                double *second) {
  int64_t parts = parts_of(x);
  for (int64_t c = 0; c < channels; ++c) {
    const double *source = sums + c / ISOTACH_LANES * parts * 2 * ISOTACH_LANES + c % ISOTACH_LANES;
    first[c] = second[c] = 0;
    for (int64_t part = 0; part < parts; ++part, source += 2 * ISOTACH_LANES) {
      first[c] += source[0];
      second[c] += source[ISOTACH_LANES];
    }
  }
}

void isotach_blocked_combine(const isotach_blocked *dy, const isotach_blocked *mask, const isotach_blocked *x,
                             const float *a, const float *b, const float *c, int64_t channels,
                             const isotach_blocked *dx, int64_t first, int64_t last) {
  int level = isotach_cpu_level();
  for (int64_t r = first; r < last; ++r) {
    int64_t block = r / rows_of(dx), row = r % rows_of(dx);
    float factors[3 * ISOTACH_LANES];
    lanes_of(a, block, channels, factors);
    lanes_of(b, block, channels, factors + ISOTACH_LANES);
    lanes_of(c, block, channels, factors + 2 * ISOTACH_LANES);
    OF_LEVEL(level, combine_row)(row_of(dy, block, row), row_of(mask, block, row), row_of(x, block, row), factors,
                                 (float *)row_of(dx, block, row), dx->width);
  }
}
