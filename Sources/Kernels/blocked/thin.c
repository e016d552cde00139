#include <string.h>

#include "../vectors.h"
#include "arithmetic.h"

#define TEMPLATE "thin_template.h"
#include "each_isa.h"

// Columns of c that stay in the first-level cache; bytes of c that go past the caches.
enum { COLUMNS = 512, STREAMED_BYTES = 8 << 20 };

void isotach_thin_rows(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
                       int64_t ldb, float beta, float *c, int64_t ldc) {
  int level = isotach_cpu_level();
  float s[4 * ISOTACH_THIN];
  for (int64_t i = 0; i < m; ++i)
    if (beta == 0) memset(c + i * ldc, 0, (size_t)most(0, n) * sizeof *c);
    else
      for (int64_t j = 0; beta != 1 && j < n; ++j) c[i * ldc + j] *= beta;
  for (int64_t first = 0; first < m; first += ISOTACH_THIN) {
    int64_t rows = least(ISOTACH_THIN, m - first);
    for (int64_t l = 0; l < k; l += 4) {
      const float *lines[4];
      for (int64_t q = 0; q < 4; ++q) {
        int64_t line = least(l + q, k - 1);
        lines[q] = b + line * ldb;
        for (int64_t i = 0; i < rows; ++i) s[4 * i + q] = l + q < k ? alpha * a[(first + i) * lda + line] : 0;
      }
      OF_LEVEL(level, add_rows)(rows, n, s, lines, c + first * ldc, ldc);
    }
  }
}

void isotach_thin_terms(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
                        int64_t ldb, float beta, float *c, int64_t ldc) {
  int level = isotach_cpu_level(), streams = beta == 0 && m * n * (int64_t)sizeof *c >= STREAMED_BYTES;
  if ((uintptr_t)c % 64 || ldc % ISOTACH_LANES) streams = 0;
  float s[4 * ISOTACH_THIN], spare[4 * COLUMNS];
  for (int64_t j = 0; j < n; j += COLUMNS)
    for (int64_t i = 0; i < m; i += 4) {
      float *rows[4];
      // Rows behind the last are computed for nobody.
      for (int64_t q = 0; q < 4; ++q) {
        int is_there = i + q < m;
        rows[q] = is_there ? c + (i + q) * ldc + j : spare + q * COLUMNS;
        for (int64_t l = 0; l < k; ++l) s[4 * l + q] = is_there ? alpha * a[l * lda + i + q] : 0;
      }
      if (i + 4 > m) memset(spare, 0, sizeof spare);
      OF_LEVEL(level, set_rows)(least(COLUMNS, n - j), k, s, b + j, ldb, beta, streams && i + 4 <= m, rows);
    }
#if defined(__x86_64__)
  if (streams) __builtin_ia32_sfence();
#endif
}
