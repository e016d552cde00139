#include "epilogue_template.h"

// c[i][j] = the sum over l of x[offset[l] + i * pixel_step] * b[l][j].
#define ROW_TILE(ROWS, VECTORS)                                                                                 \
  static void FN(row_tile_##ROWS##_##VECTORS)(int64_t count, const int32_t *offset, const float *x,             \
                                              int64_t pixel_step, const float *b, int64_t b_step, float *c,     \
                                              int64_t c_step) {                                                 \
    V sum[ROWS][VECTORS];                                                                                       \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < VECTORS; ++j) sum[i][j] = (V){0};                                                     \
    for (int64_t l = 0; l < count; ++l, b += b_step) {                                                          \
      const float *line = x + offset[l];                                                                        \
      V value[VECTORS];                                                                                         \
      for (int j = 0; j < VECTORS; ++j) value[j] = LOAD(b + j * VECTOR_LANES);                                  \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; ++i) {                                       \
        V left = SPLAT(line[i * pixel_step]);                                                                   \
        for (int j = 0; j < VECTORS; ++j) sum[i][j] = FMA(left, value[j], sum[i][j]);                           \
      }                                                                                                         \
    }                                                                                                           \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < VECTORS; ++j) STORE(c + i * c_step + j * VECTOR_LANES, sum[i][j]);                    \
  }
#define ROW_TILES(VECTORS)                                                                                      \
  ROW_TILE(1, VECTORS) ROW_TILE(2, VECTORS) ROW_TILE(3, VECTORS) ROW_TILE(4, VECTORS) ROW_TILE(5, VECTORS)      \
  ROW_TILE(6, VECTORS)
#define ROW_NAMES(VECTORS)                                                                                      \
  {FN(row_tile_1_##VECTORS), FN(row_tile_2_##VECTORS), FN(row_tile_3_##VECTORS), FN(row_tile_4_##VECTORS),      \
   FN(row_tile_5_##VECTORS), FN(row_tile_6_##VECTORS)}
ROW_TILES(1)
ROW_TILES(2)
#if WIDE > 2
ROW_TILES(3)
ROW_TILES(4)
static const row_tile_function FN(row_tiles)[4][6] = {ROW_NAMES(1), ROW_NAMES(2), ROW_NAMES(3), ROW_NAMES(4)};
#else
static const row_tile_function FN(row_tiles)[4][6] = {ROW_NAMES(1), ROW_NAMES(2)};
#endif
#undef ROW_TILE
#undef ROW_TILES
#undef ROW_NAMES
