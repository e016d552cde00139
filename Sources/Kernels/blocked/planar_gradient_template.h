// FILTERS x TERMS sums of products of rows of g with rows of x, in vectors of pixels: what a vector of g meets stays in
// registers, and as many chains of additions as there are sums.
#define LINES(FILTERS, TERMS)                                                                                   \
  static void FN(lines_##FILTERS##_##TERMS)(const lines_work *w, const int32_t *offset, const float *x,         \
                                            const float *g, float *sums, int64_t step) {                        \
    V sum[FILTERS][TERMS];                                                                                      \
    UNROLL for (int f = 0; f < FILTERS; ++f) UNROLL for (int t = 0; t < TERMS; ++t)                             \
      sum[f][t] = LOAD(sums + f * step + t * VECTOR_LANES);                                                     \
    const float *at[TERMS];                                                                                     \
    UNROLL for (int t = 0; t < TERMS; ++t) at[t] = x + offset[t];                                               \
    for (int64_t i = 0; i < w->rows; ++i)                                                                       \
      for (int64_t j = 0; j < w->columns; j += VECTOR_LANES) {                                                  \
        V seed[FILTERS];                                                                                        \
        UNROLL for (int f = 0; f < FILTERS; ++f) seed[f] = LOAD(g + f * w->g_plane + i * w->g_row + j);         \
        UNROLL for (int t = 0; t < TERMS; ++t) {                                                                \
          V value = LOAD(at[t] + i * w->x_row + j);                                                             \
          UNROLL for (int f = 0; f < FILTERS; ++f) sum[f][t] = FMA(seed[f], value, sum[f][t]);                  \
        }                                                                                                       \
      }                                                                                                         \
    UNROLL for (int f = 0; f < FILTERS; ++f) UNROLL for (int t = 0; t < TERMS; ++t)                             \
      STORE(sums + f * step + t * VECTOR_LANES, sum[f][t]);                                                     \
  }

#define ROW(FILTERS)                                                                                            \
  LINES(FILTERS, 1) LINES(FILTERS, 2) LINES(FILTERS, 3) LINES(FILTERS, 4) LINES(FILTERS, 5)
#define NAMES(FILTERS)                                                                                          \
  {FN(lines_##FILTERS##_1), FN(lines_##FILTERS##_2), FN(lines_##FILTERS##_3), FN(lines_##FILTERS##_4),          \
   FN(lines_##FILTERS##_5)}
ROW(1)
ROW(2)
// Sums of more filters need more registers than others than AVX-512 have.
#if VECTOR_LANES == 16
ROW(3)
ROW(4)
static const lines_function FN(lines_of)[4][TERMS_MOST] = {NAMES(1), NAMES(2), NAMES(3), NAMES(4)};
static const line_functions FN(lines) = {4, VECTOR_LANES, FN(lines_of)};
#else
static const lines_function FN(lines_of)[2][TERMS_MOST] = {NAMES(1), NAMES(2)};
static const line_functions FN(lines) = {2, VECTOR_LANES, FN(lines_of)};
#endif
#undef LINES
#undef ROW
#undef NAMES
