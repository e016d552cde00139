// The inner loop of all products in the blocked layout: sums of ROWS x VECTORS stay in registers. See tile.h.

#define TILE(ROWS, VECTORS)                                                                                     \
  static void FN(tile_##ROWS##_##VECTORS)(const isotach_tile_work *work, const float *const *a, const float *b, \
                                          float *c, int64_t c_step, int adds) {                                 \
    int64_t depth = work->depth, b_step = work->b_step, shift = work->shift;                                    \
    const float *ahead = work->ahead;                                                                           \
    V sum[ROWS][VECTORS];                                                                                       \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < VECTORS; ++j)                                                                         \
        sum[i][j] = adds ? LOAD(c + i * c_step + j * VECTOR_LANES) : (V){0};                                    \
    for (int64_t block = 0; block < work->blocks; ++block, shift += work->block_step)                           \
      for (int64_t s = 0; s < work->steps; ++s) {                                                               \
        const float *row[ROWS];                                                                                 \
        for (int i = 0; i < ROWS; ++i) {                                                                        \
          const float *start = a[s * ROWS + i];                                                                 \
          row[i] = start == isotach_tile_zeros ? start : start + shift;                                         \
        }                                                                                                       \
        _Pragma("clang loop unroll(disable)") for (int64_t k = 0; k < depth; ++k, b += b_step) {                \
          __builtin_prefetch(ahead);                                                                            \
          ahead += 16;                                                                                          \
          V value[VECTORS];                                                                                     \
          for (int j = 0; j < VECTORS; ++j) value[j] = LOAD(b + j * VECTOR_LANES);                              \
          _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; ++i) {                                   \
            V left = SPLAT(row[i][k]);                                                                          \
            for (int j = 0; j < VECTORS; ++j) sum[i][j] = FMA(left, value[j], sum[i][j]);                       \
          }                                                                                                     \
        }                                                                                                       \
      }                                                                                                         \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < VECTORS; ++j) STORE(c + i * c_step + j * VECTOR_LANES, sum[i][j]);                    \
  }

#define TILES(VECTORS)                                                                                          \
  TILE(1, VECTORS) TILE(2, VECTORS) TILE(3, VECTORS) TILE(4, VECTORS) TILE(5, VECTORS) TILE(6, VECTORS)
#define NAMES(VECTORS)                                                                                          \
  FN(tile_1_##VECTORS), FN(tile_2_##VECTORS), FN(tile_3_##VECTORS), FN(tile_4_##VECTORS), FN(tile_5_##VECTORS), \
      FN(tile_6_##VECTORS)
TILES(1)
TILES(2)
#if WIDE > 2
TILES(3)
TILES(4)
#endif
#if VECTOR_LANES == 16
// Fewer vectors leave registers for more rows.
TILE(7, 1) TILE(8, 1) TILE(9, 1) TILE(10, 1)
TILE(7, 2) TILE(8, 2) TILE(9, 2) TILE(10, 2)
TILE(7, 3) TILE(8, 3)
static const isotach_tile_function FN(tiles)[4][10] = {
    {NAMES(1), FN(tile_7_1), FN(tile_8_1), FN(tile_9_1), FN(tile_10_1)},
    {NAMES(2), FN(tile_7_2), FN(tile_8_2), FN(tile_9_2), FN(tile_10_2)},
    {NAMES(3), FN(tile_7_3), FN(tile_8_3)},
    {NAMES(4)}};
#elif WIDE > 2
static const isotach_tile_function FN(tiles)[4][10] = {{NAMES(1)}, {NAMES(2)}, {NAMES(3)}, {NAMES(4)}};
#else
static const isotach_tile_function FN(tiles)[4][10] = {{NAMES(1)}, {NAMES(2)}};
#endif
#undef TILE
#undef TILES
#undef NAMES
