#include "../vectors.h"
#include "arithmetic.h"

typedef void (*dense_function)(int64_t k, const float *a, int64_t a_step, const float *b, int64_t b_step, float alpha,
                               float beta, float *c, int64_t c_step);
// Rows of a and of b that a function takes at most; the functions for one row of b and for as many, by rows of a - 1.
typedef struct {
  int rows, columns;
  dense_function one[8], many[8];
} dense_kernels;

#define TEMPLATE "dense_template.h"
#include "each_isa.h"

void isotach_dense(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
                   int64_t ldb, float beta, float *c, int64_t ldc) {
  int level = isotach_cpu_level();
  dense_kernels kernels = OF_LEVEL(level, denses);
  int64_t parts = over(m, kernels.rows);
  for (int64_t j = 0; j < n;) {
    int64_t columns = n - j >= kernels.columns ? kernels.columns : 1;
    for (int64_t part = 0; part < parts; ++part) {
      int64_t first = m * part / parts, rows = m * (part + 1) / parts - first;
      const dense_function *functions = columns > 1 ? kernels.many : kernels.one;
      functions[rows - 1](k, a + first * lda, lda, b + j * ldb, ldb, alpha, beta, c + first * ldc + j, ldc);
    }
    j += columns;
  }
}
