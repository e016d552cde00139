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
  FN(row_tile_1_##VECTORS), FN(row_tile_2_##VECTORS), FN(row_tile_3_##VECTORS), FN(row_tile_4_##VECTORS),       \
      FN(row_tile_5_##VECTORS), FN(row_tile_6_##VECTORS)
ROW_TILES(1)
ROW_TILES(2)
#if WIDE > 2
ROW_TILES(3)
ROW_TILES(4)
#endif
#if VECTOR_LANES == 16
// Fewer vectors leave registers for more rows.
ROW_TILE(7, 1) ROW_TILE(8, 1) ROW_TILE(9, 1) ROW_TILE(10, 1) ROW_TILE(11, 1) ROW_TILE(12, 1)
ROW_TILE(7, 2) ROW_TILE(8, 2) ROW_TILE(9, 2) ROW_TILE(10, 2)
ROW_TILE(7, 3) ROW_TILE(8, 3)
static const row_tile_function FN(row_functions)[4][ROWS] = {
    {ROW_NAMES(1), FN(row_tile_7_1), FN(row_tile_8_1), FN(row_tile_9_1), FN(row_tile_10_1), FN(row_tile_11_1),
     FN(row_tile_12_1)},
    {ROW_NAMES(2), FN(row_tile_7_2), FN(row_tile_8_2), FN(row_tile_9_2), FN(row_tile_10_2)},
    {ROW_NAMES(3), FN(row_tile_7_3), FN(row_tile_8_3)},
    {ROW_NAMES(4)}};
static const row_tiles FN(row_tiles) = {{12, 10, 8, 6}, FN(row_functions)};
#elif WIDE > 2
static const row_tile_function FN(row_functions)[4][ROWS] = {
    {ROW_NAMES(1)}, {ROW_NAMES(2)}, {ROW_NAMES(3)}, {ROW_NAMES(4)}};
static const row_tiles FN(row_tiles) = {{6, 6, 6, 6}, FN(row_functions)};
#else
static const row_tile_function FN(row_functions)[4][ROWS] = {{ROW_NAMES(1)}, {ROW_NAMES(2)}};
static const row_tiles FN(row_tiles) = {{6, 6, 0, 0}, FN(row_functions)};
#endif
#undef ROW_TILE
#undef ROW_TILES
#undef ROW_NAMES
