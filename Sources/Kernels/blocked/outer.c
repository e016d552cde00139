#include "outer.h"

#include "../vectors.h"
#include "kernels.h"
#include "tile.h"

typedef void (*outer_function)(const isotach_outer_work *work, const float *a, const float *b, float *c, int adds);

#define TEMPLATE "outer_template.h"
#include "each_isa.h"

void isotach_outer(int level, const isotach_outer_work *work, int64_t rows, int64_t columns, const float *a,
                   const float *b, float *c, int adds) {
  const isotach_tiles *tiles = isotach_tiles_of(level);
  // Rows in fours, fives and sixes.
  int64_t parts = (rows + 5) / 6;
  for (int64_t j = 0; j < columns;) {
    int64_t left = (columns - j) / tiles->lanes, vectors = left < tiles->wide ? left : tiles->wide;
    const float *start = b + j / ISOTACH_LANES * work->b_block + j % ISOTACH_LANES;
    for (int64_t part = 0; part < parts; ++part) {
      int64_t first = rows * part / parts, here = rows * (part + 1) / parts - first;
      OF_LEVEL(level, outers)[vectors - 1][here - 4](work, a + first, start, c + first * work->c_step + j, adds);
    }
    j += vectors * tiles->lanes;
  }
}
