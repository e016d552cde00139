#include "direct_tile.h"

#include "kernels.h"
#include "vectors.h"

#define INLINE static inline __attribute__((always_inline))

#define TILE(NAME, TARGET, VECTOR, UNALIGNED, LANES, ROWS, COLUMNS, FMA)                                        \
  TARGET static void NAME(int64_t count, const float *w, const float *x, const int32_t *offset, float *tile,    \
                          int64_t step) {                                                                       \
    VECTOR sum[ROWS][COLUMNS];                                                                                  \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < COLUMNS; ++j) sum[i][j] = (VECTOR){0};                                                \
    for (int64_t l = 0; l < count; ++l, w += DIRECT_ROWS) {                                                     \
      const float *line = x + offset[l];                                                                        \
      VECTOR value[COLUMNS];                                                                                    \
      for (int j = 0; j < COLUMNS; ++j) value[j] = *(const UNALIGNED *)(line + j * LANES);                      \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; ++i) {                                       \
        VECTOR weight = w[i] - (VECTOR){0};                                                                       \
        for (int j = 0; j < COLUMNS; ++j) sum[i][j] = FMA(weight, value[j], sum[i][j]);                         \
      }                                                                                                         \
    }                                                                                                           \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < COLUMNS; ++j) *(UNALIGNED *)(tile + i * step + j * LANES) = sum[i][j];                \
  }

#define FUSED(X, Y, Z) __builtin_elementwise_fma(X, Y, Z)
#define MULTIPLY_ADD(X, Y, Z) ((X) * (Y) + (Z))

typedef void (*tile_function)(int64_t, const float *, const float *, const int32_t *, float *, int64_t);

#if defined(__x86_64__)
TILE(tile512_8_3, TARGET_AVX512, v16, v16u, 16, 8, 3, FUSED)
TILE(tile512_8_2, TARGET_AVX512, v16, v16u, 16, 8, 2, FUSED)
TILE(tile512_8_1, TARGET_AVX512, v16, v16u, 16, 8, 1, FUSED)
TILE(tile512_4_3, TARGET_AVX512, v16, v16u, 16, 4, 3, FUSED)
TILE(tile512_4_2, TARGET_AVX512, v16, v16u, 16, 4, 2, FUSED)
TILE(tile512_4_1, TARGET_AVX512, v16, v16u, 16, 4, 1, FUSED)
TILE(tile256_4_3, TARGET_AVX2, v8, v8u, 8, 4, 3, FUSED)
TILE(tile256_4_2, TARGET_AVX2, v8, v8u, 8, 4, 2, FUSED)
TILE(tile256_4_1, TARGET_AVX2, v8, v8u, 8, 4, 1, FUSED)
TILE(tile128_4_3, , v4, v4u, 4, 4, 3, MULTIPLY_ADD)
TILE(tile128_4_2, , v4, v4u, 4, 4, 2, MULTIPLY_ADD)
TILE(tile128_4_1, , v4, v4u, 4, 4, 1, MULTIPLY_ADD)
#else
TILE(tile128_4_3, , v4, v4u, 4, 4, 3, FUSED)
TILE(tile128_4_2, , v4, v4u, 4, 4, 2, FUSED)
TILE(tile128_4_1, , v4, v4u, 4, 4, 1, FUSED)
#endif

int isotach_direct_lanes(void) {
#if defined(__x86_64__)
  int level = isotach_cpu_level();
  return level == 2 ? 16 : level == 1 ? 8 : 4;
#else
  return 4;
#endif
}

void isotach_direct_tile(int rows, int vectors, int64_t count, const float *w, const float *x, const int32_t *offset,
                         float *tile, int64_t step) {
  tile_function four = vectors == 3 ? tile128_4_3 : vectors == 2 ? tile128_4_2 : tile128_4_1;
#if defined(__x86_64__)
  int level = isotach_cpu_level();
  if (level == 2) {
    tile_function eight = vectors == 3 ? tile512_8_3 : vectors == 2 ? tile512_8_2 : tile512_8_1;
    four = vectors == 3 ? tile512_4_3 : vectors == 2 ? tile512_4_2 : tile512_4_1;
    (rows > 4 ? eight : four)(count, w, x, offset, tile, step);
    return;
  }
  if (level == 1) four = vectors == 3 ? tile256_4_3 : vectors == 2 ? tile256_4_2 : tile256_4_1;
#endif
  four(count, w, x, offset, tile, step);
  if (rows > 4) four(count, w + 4, x, offset, tile + 4 * step, step);
}
