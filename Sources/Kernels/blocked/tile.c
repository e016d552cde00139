#include "tile.h"

#include "../vectors.h"
#include "arithmetic.h"

const float isotach_tile_zeros[16] = {0};

#define TEMPLATE "tile_template.h"
#include "each_isa.h"

const isotach_tiles *isotach_tiles_of(int level) {
#if defined(__x86_64__)
  static const isotach_tiles avx512 = {16, 4, {10, 10, 8, 6}, tiles_avx512};
  static const isotach_tiles avx2 = {8, 2, {6, 6, 0, 0}, tiles_avx2};
  static const isotach_tiles portable = {4, 2, {6, 6, 0, 0}, tiles_portable};
  return level == 2 ? &avx512 : level == 1 ? &avx2 : &portable;
#else
  static const isotach_tiles portable = {4, 4, {6, 6, 6, 6}, tiles_portable};
  (void)level;
  return &portable;
#endif
}

// Floats of b that stay in the first-level cache while the rows of a go by.
enum { RESIDENT_FLOATS = 8 << 10 };

void isotach_tile_product(const isotach_tiles *tiles, int64_t rows, int64_t columns, int64_t depth, const float *a,
                          int64_t a_step, const float *b, const float *next, float *c, int64_t c_step) {
  int64_t first_vectors = least(columns / tiles->lanes, tiles->wide), tall = tiles->tall[first_vectors - 1];
  int64_t parts = (rows + tall - 1) / tall, steps = (depth * columns + RESIDENT_FLOATS - 1) / RESIDENT_FLOATS;
  for (int64_t step = 0; step < steps; ++step) {
    int64_t k = depth * step / steps, end = depth * (step + 1) / steps, line = 0;
    const float *ahead = step + 1 < steps ? b + end * columns : next, *here = b + k * columns;
    isotach_tile_work work = {.blocks = 1, .steps = 1, .depth = end - k, .b_step = columns};
    for (int64_t part = 0; part < parts; ++part) {
      int64_t first = rows * part / parts, count = rows * (part + 1) / parts - first;
      const float *starts[ISOTACH_TILE_ROWS];
      for (int64_t i = 0; i < count; ++i) starts[i] = a + (first + i) * a_step + k;
      for (int64_t j = 0; j < columns;) {
        int64_t vectors = least((columns - j) / tiles->lanes, tiles->wide);
        work.ahead = line < (end - k) * columns ? ahead + line : here;
        line += (end - k) * 16;
        tiles->functions[vectors - 1][count - 1](&work, starts, here + j, c + first * c_step + j, c_step, step > 0);
        j += vectors * tiles->lanes;
      }
    }
  }
}
