#include "lane_sum_template.h"

// c[i * c_step + j] = alpha * the sum over l of a[i][l] * b[j][l] (+ beta * what was there), for ROWS x COLUMNS.
#define DENSE(ROWS, COLUMNS)                                                                                    \
  static void FN(dense_##ROWS##_##COLUMNS)(int64_t k, const float *a, int64_t a_step, const float *b,           \
                                           int64_t b_step, float alpha, float beta, float *c, int64_t c_step) { \
    V sum[ROWS][COLUMNS];                                                                                       \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < COLUMNS; ++j) sum[i][j] = (V){0};                                                     \
    int64_t l = 0;                                                                                              \
    /* The next rows of b are fetched from memory while these are used. */                                      \
    const float *next = b + COLUMNS * b_step;                                                                   \
    for (; l + VECTOR_LANES <= k; l += VECTOR_LANES) {                                                          \
      V value[COLUMNS];                                                                                         \
      for (int j = 0; j < COLUMNS; ++j) {                                                                       \
        value[j] = LOAD(b + j * b_step + l);                                                                    \
        __builtin_prefetch(next + j * b_step + l, 0, 2);                                                        \
      }                                                                                                         \
      UNROLL for (int i = 0; i < ROWS; ++i) {                                                                   \
        V left = LOAD(a + i * a_step + l);                                                                      \
        for (int j = 0; j < COLUMNS; ++j) sum[i][j] = FMA(left, value[j], sum[i][j]);                           \
      }                                                                                                         \
    }                                                                                                           \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < COLUMNS; ++j) {                                                                       \
        float all = FN(sum)(sum[i][j]);                                                                         \
        for (int64_t t = l; t < k; ++t) all += a[i * a_step + t] * b[j * b_step + t];                           \
        float *target = c + i * c_step + j;                                                                     \
        *target = beta == 0 ? alpha * all : alpha * all + beta * *target;                                       \
      }                                                                                                         \
  }
#define DENSES(COLUMNS) DENSE(1, COLUMNS) DENSE(2, COLUMNS) DENSE(3, COLUMNS) DENSE(4, COLUMNS)
#define DENSE_NAMES(COLUMNS)                                                                                    \
  FN(dense_1_##COLUMNS), FN(dense_2_##COLUMNS), FN(dense_3_##COLUMNS), FN(dense_4_##COLUMNS)
#if VECTOR_LANES == 16
DENSES(1)
DENSE(5, 1) DENSE(6, 1) DENSE(7, 1) DENSE(8, 1)
DENSES(3)
DENSE(5, 3) DENSE(6, 3) DENSE(7, 3) DENSE(8, 3)
static const dense_kernels FN(denses) = {
    8,
    3,
    {DENSE_NAMES(1), FN(dense_5_1), FN(dense_6_1), FN(dense_7_1), FN(dense_8_1)},
    {DENSE_NAMES(3), FN(dense_5_3), FN(dense_6_3), FN(dense_7_3), FN(dense_8_3)}};
#else
DENSES(1)
DENSES(2)
static const dense_kernels FN(denses) = {4, 2, {DENSE_NAMES(1)}, {DENSE_NAMES(2)}};
#endif
#undef DENSE
#undef DENSES
#undef DENSE_NAMES
