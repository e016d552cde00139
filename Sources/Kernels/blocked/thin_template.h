// Products of matrices of which one side is thin. See thin.c.

// c[i][j] += sum over l < 4 of s[4 i + l] * b[l][j] for i < m and j < n; rows of b that are not there have factors of 0
// and are those before.
static void FN(add_rows)(int64_t m, int64_t n, const float *s, const float *const *b, float *c, int64_t ldc) {
  int64_t j = 0;
  for (; j + VECTOR_LANES <= n; j += VECTOR_LANES) {
    V b0 = LOAD(b[0] + j), b1 = LOAD(b[1] + j), b2 = LOAD(b[2] + j), b3 = LOAD(b[3] + j);
    for (int64_t i = 0; i < m; ++i) {
      const float *f = s + 4 * i;
      float *target = c + i * ldc + j;
      V sum = FMA(SPLAT(f[0]), b0, LOAD(target));
      sum = FMA(SPLAT(f[1]), b1, sum);
      sum = FMA(SPLAT(f[2]), b2, sum);
      STORE(target, FMA(SPLAT(f[3]), b3, sum));
    }
  }
  for (; j < n; ++j)
    for (int64_t i = 0; i < m; ++i)
      for (int l = 0; l < 4; ++l) c[i * ldc + j] += s[4 * i + l] * b[l][j];
}

// c[i][j] = sum over l < k of s[4 l + i] * b[l][j] (+ beta * c[i][j]) for i < 4 and j < n; past the caches when
// `streams`: the vectors of c are aligned then.
static void FN(set_rows)(int64_t n, int64_t k, const float *s, const float *b, int64_t ldb, float beta, int streams,
                         float *const *c) {
  int64_t j = 0;
  for (; j + VECTOR_LANES <= n; j += VECTOR_LANES) {
    V sum[4];
    UNROLL for (int i = 0; i < 4; ++i) sum[i] = beta == 0 ? (V){0} : SPLAT(beta) * LOAD(c[i] + j);
    for (int64_t l = 0; l < k; ++l) {
      V value = LOAD(b + l * ldb + j);
      UNROLL for (int i = 0; i < 4; ++i) sum[i] = FMA(SPLAT(s[4 * l + i]), value, sum[i]);
    }
    UNROLL for (int i = 0; i < 4; ++i)
      if (streams) __builtin_nontemporal_store(sum[i], (V *)(c[i] + j));
      else STORE(c[i] + j, sum[i]);
  }
  for (; j < n; ++j)
    for (int i = 0; i < 4; ++i) {
      float sum = beta == 0 ? 0 : beta * c[i][j];
      for (int64_t l = 0; l < k; ++l) sum += s[4 * l + i] * b[l * ldb + j];
      c[i][j] = sum;
    }
}
