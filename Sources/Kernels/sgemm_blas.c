#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

// Numbers of the large matrix from which a thin product has its own kernel.
enum { THIN_NUMBERS = 1 << 14 };

typedef void (*cblas_sgemm_type)(int, int, int, int, int, int, float, const float *, int, const float *, int, float,
                                 float *, int);

static cblas_sgemm_type cblas = NULL;
static const char *name = NULL;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// OpenBLAS chooses its kernels and starts its threads while it is loaded, from the environment. Debian's does
// not know newer processors and would take its AVX2 kernels there; and our threads are those of a ThreadTeam.
static void open_library(void) {
  const char *wish = getenv("ISOTACH_BLAS");
  if (wish && strcmp(wish, "off") == 0) return;
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  if (isotach_cpu_level() == 2) setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  cblas_sgemm_type found = (cblas_sgemm_type)dlsym(library, "cblas_sgemm");
  void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
  if (!found || !set_threads) return;
  set_threads(1);
  char *(*config)(void) = (char *(*)(void))dlsym(library, "openblas_get_config");
  name = config ? config() : "OpenBLAS";
  cblas = found;
}

const char *isotach_blas_name(void) {
  pthread_once(&once, open_library);
  return name;
}

void isotach_sgemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                   int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  if (m <= 0 || n <= 0) return;
  // Bound by memory: panels would be packed for nothing.
  if (!transpose_a && !transpose_b && m <= ISOTACH_THIN && k > 0 && k * n >= THIN_NUMBERS) {
    isotach_thin_rows(m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    return;
  }
  if (transpose_a && !transpose_b && k <= ISOTACH_THIN && k > 0 && m * n >= THIN_NUMBERS) {
    isotach_thin_terms(m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    return;
  }
  if (!transpose_a && transpose_b && m <= ISOTACH_THIN && k > 0) {
    isotach_dense(m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    return;
  }
  pthread_once(&once, open_library);
  if (!cblas || k <= 0 || m > INT_MAX || n > INT_MAX || k > INT_MAX || lda > INT_MAX || ldb > INT_MAX
      || ldc > INT_MAX) {
    isotach_sgemm_own(transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    return;
  }
  enum { row_major = 101, plain = 111, transposed = 112 };
  cblas(row_major, transpose_a ? transposed : plain, transpose_b ? transposed : plain, (int)m, (int)n, (int)k, alpha, a,
        (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

void isotach_sgemm_reference(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                             const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                             int64_t ldc) {
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l)
        sum += (double)(transpose_a ? a[l * lda + i] : a[i * lda + l]) * (double)(transpose_b ? b[j * ldb + l] : b[l * ldb + j]);
      double old = beta == 0 ? 0 : (double)beta * (double)c[i * ldc + j];
      c[i * ldc + j] = (float)((double)alpha * sum + old);
    }
}
