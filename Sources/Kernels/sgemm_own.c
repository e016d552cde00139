#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "scratch.h"
#include "vectors.h"

// Panels as in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008):
// a block of B of BLOCK_K x BLOCK_N and one of A of BLOCK_M x BLOCK_K are packed into panels as wide as a tile.
enum { BLOCK_K = 256, BLOCK_M = 96, BLOCK_N = 480, MAX_TILE = 12 * 32 };

typedef void (*tile_function)(int64_t k, const float *a, const float *b, float *tile);

// tile[i][j] = sum over l of a[l][i] * b[l][j], kept in registers.
#define TILE(NAME, TARGET, VECTOR, LANES, ROWS, COLUMNS, FMA)                                                  \
  TARGET static void NAME(int64_t k, const float *a, const float *b, float *tile) {                            \
    VECTOR sum[ROWS][COLUMNS];                                                                                 \
    for (int i = 0; i < ROWS; ++i)                                                                             \
      for (int j = 0; j < COLUMNS; ++j) sum[i][j] = (VECTOR){0};                                               \
    for (int64_t l = 0; l < k; ++l, a += ROWS, b += COLUMNS * LANES) {                                         \
      VECTOR row[COLUMNS];                                                                                     \
      for (int j = 0; j < COLUMNS; ++j) row[j] = *(const VECTOR *)(b + j * LANES);                             \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; ++i) {                                      \
        VECTOR value = a[i] - (VECTOR){0};                                                                     \
        for (int j = 0; j < COLUMNS; ++j) sum[i][j] = FMA(value, row[j], sum[i][j]);                           \
      }                                                                                                        \
    }                                                                                                          \
    for (int i = 0; i < ROWS; ++i)                                                                             \
      for (int j = 0; j < COLUMNS; ++j) *(VECTOR *)(tile + (i * COLUMNS + j) * LANES) = sum[i][j];             \
  }

#define MULTIPLY_ADD(X, Y, Z) ((X) * (Y) + (Z))
#define FUSED(X, Y, Z) __builtin_elementwise_fma(X, Y, Z)

#if defined(__x86_64__)
TILE(tile_avx512, TARGET_AVX512, v16, 16, 12, 2, FUSED)
TILE(tile_avx2, TARGET_AVX2, v8, 8, 6, 2, FUSED)
#endif
#if defined(__aarch64__)
TILE(tile_plain, , v4, 4, 8, 2, FUSED)
#else
TILE(tile_plain, , v4, 4, 4, 2, MULTIPLY_ADD)
#endif

struct shape {
  tile_function tile;
  int rows, columns;
};

static struct shape choose(void) {
#if defined(__x86_64__)
  switch (isotach_cpu_level()) {
  case 2: return (struct shape){tile_avx512, 12, 32};
  case 1: return (struct shape){tile_avx2, 6, 16};
  default: return (struct shape){tile_plain, 4, 8};
  }
#else
  return (struct shape){tile_plain, 8, 8};
#endif
}

// Panels of `width` of the `count` rows (or columns) of a matrix, `k` deep, the last filled up with zeros.
static void pack(float *target, const float *source, int64_t count, int64_t k, int64_t step, int64_t deep, int width) {
  for (int64_t first = 0; first < count; first += width) {
    int64_t here = count - first < width ? count - first : width;
    for (int64_t l = 0; l < k; ++l, target += width) {
      const float *line = source + first * step + l * deep;
      if (step == 1) {
        memcpy(target, line, (size_t)here * sizeof *target);
      } else {
        for (int64_t i = 0; i < here; ++i) target[i] = line[i * step];
      }
      for (int64_t i = here; i < width; ++i) target[i] = 0;
    }
  }
}

void isotach_sgemm_own(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                       const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  if (m <= 0 || n <= 0) return;
  for (int64_t i = 0; i < m; ++i) {
    float *row = c + i * ldc;
    if (beta == 0) memset(row, 0, (size_t)n * sizeof *row);
    else if (beta != 1)
      for (int64_t j = 0; j < n; ++j) row[j] *= beta;
  }
  struct shape shape = choose();
  float *packed_b = isotach_scratch(0, (BLOCK_K * (size_t)(BLOCK_N + BLOCK_M + 64) + MAX_TILE) * sizeof(float));
  if (!packed_b) {
    isotach_sgemm_reference(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, 1, c, ldc);
    return;
  }
  float *packed_a = packed_b + BLOCK_K * (BLOCK_N + 32), *tile = packed_a + BLOCK_K * (BLOCK_M + 32);
  for (int64_t l = 0; l < k; l += BLOCK_K) {
    int64_t deep = k - l < BLOCK_K ? k - l : BLOCK_K;
    for (int64_t j = 0; j < n; j += BLOCK_N) {
      int64_t wide = n - j < BLOCK_N ? n - j : BLOCK_N;
      pack(packed_b, transpose_b ? b + j * ldb + l : b + l * ldb + j, wide, deep, transpose_b ? ldb : 1,
           transpose_b ? 1 : ldb, shape.columns);
      for (int64_t i = 0; i < m; i += BLOCK_M) {
        int64_t high = m - i < BLOCK_M ? m - i : BLOCK_M;
        pack(packed_a, transpose_a ? a + l * lda + i : a + i * lda + l, high, deep, transpose_a ? 1 : lda,
             transpose_a ? lda : 1, shape.rows);
        for (int64_t q = 0; q < wide; q += shape.columns)
          for (int64_t p = 0; p < high; p += shape.rows) {
            shape.tile(deep, packed_a + p * deep, packed_b + q * deep, tile);
            int64_t rows = high - p < shape.rows ? high - p : shape.rows;
            int64_t columns = wide - q < shape.columns ? wide - q : shape.columns;
            for (int64_t y = 0; y < rows; ++y) {
              float *row = c + (i + p + y) * ldc + j + q;
              const float *sum = tile + y * shape.columns;
              for (int64_t x = 0; x < columns; ++x) row[x] += alpha * sum[x];
            }
          }
      }
    }
  }
}
