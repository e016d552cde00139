#pragma once
#include <stdint.h>

// Matrix products: C = alpha op(A) op(B) + beta C in row-major order, op(A) of M x K, op(B) of K x N. A flag
// that is not 0 means that the matrix is stored transposed. With beta 0 what C holds is not read. M, N or K of 0
// are allowed.

/// Few rows or terms by the kernels for them (`isotach_dense`, `isotach_thin_rows`, `isotach_thin_terms`); all else by
/// OpenBLAS with one thread, opened at the first such call; by our own kernel where it is not there, when the environment
/// says ISOTACH_BLAS=off, or a size is above 31 bits.
void isotach_sgemm(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                   int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
/// Our own: blocked, with packed panels. Every element is summed in the order of K, in blocks of 256.
void isotach_sgemm_own(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                       const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
/// C = alpha A B + beta C of few rows, which stay in the cache while B is read once, four rows at a time.
void isotach_thin_rows(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
                       int64_t ldb, float beta, float *c, int64_t ldc);
/// C = alpha A' B + beta C of at most ISOTACH_THIN terms: the gradient of the weights of a dense layer and a small batch.
/// C is written once, past the caches when it is large.
void isotach_thin_terms(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
                        int64_t ldb, float beta, float *c, int64_t ldc);
/// C = alpha A B' + beta C with few rows in A (B stored as it is: N rows of K), a dense layer of a small batch: B is read
/// once, straight from memory, where packing panels of it would cost more than the products. Sums by the lanes of a
/// vector.
void isotach_dense(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t lda, const float *b,
                   int64_t ldb, float beta, float *c, int64_t ldc);
/// Rows or terms up to which `isotach_sgemm` takes those.
enum { ISOTACH_THIN = 16 };
/// Plain loops that sum in double.
void isotach_sgemm_reference(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                             const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                             int64_t ldc);

/// What multiplies: OpenBLAS's own description, or null when it is our kernel. Opens the library.
const char *isotach_blas_name(void);
