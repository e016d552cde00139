// Products of which both factors are summed over rows. See outer.h.

#define OUTER(ROWS, VECTORS)                                                                                    \
  static void FN(outer_##ROWS##_##VECTORS)(const isotach_outer_work *work, const float *a, const float *b, float *c, \
                                           int adds) {                                                          \
    int64_t count = work->count, a_step = work->a_step, b_step = work->b_step, c_step = work->c_step;           \
    const float *columns[VECTORS];                                                                              \
    for (int j = 0; j < VECTORS; ++j)                                                                           \
      columns[j] = b + j * VECTOR_LANES / ISOTACH_LANES * work->b_block + j * VECTOR_LANES % ISOTACH_LANES;     \
    V sum[ROWS][VECTORS];                                                                                       \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < VECTORS; ++j)                                                                         \
        sum[i][j] = adds ? LOAD(c + i * c_step + j * VECTOR_LANES) : (V){0};                                    \
    for (int64_t line = 0; line < work->lines; ++line) {                                                        \
      const float *row = a + line * work->a_line;                                                               \
      int64_t at = line * work->b_line;                                                                         \
      for (int64_t k = 0; k < count; ++k, row += a_step, at += b_step) {                                        \
        V value[VECTORS];                                                                                       \
        for (int j = 0; j < VECTORS; ++j) value[j] = LOAD(columns[j] + at);                                     \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; ++i) {                                     \
          V left = SPLAT(row[i]);                                                                               \
          for (int j = 0; j < VECTORS; ++j) sum[i][j] = FMA(left, value[j], sum[i][j]);                         \
        }                                                                                                       \
      }                                                                                                         \
    }                                                                                                           \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < VECTORS; ++j) STORE(c + i * c_step + j * VECTOR_LANES, sum[i][j]);                    \
  }

#define OUTERS(VECTORS) OUTER(4, VECTORS) OUTER(5, VECTORS) OUTER(6, VECTORS)
#define OUTER_NAMES(VECTORS) {FN(outer_4_##VECTORS), FN(outer_5_##VECTORS), FN(outer_6_##VECTORS)}
OUTERS(1)
OUTERS(2)
#if WIDE > 2
OUTERS(3)
OUTERS(4)
static const outer_function FN(outers)[4][3] = {OUTER_NAMES(1), OUTER_NAMES(2), OUTER_NAMES(3), OUTER_NAMES(4)};
#else
static const outer_function FN(outers)[4][3] = {OUTER_NAMES(1), OUTER_NAMES(2)};
#endif
#undef OUTER
#undef OUTERS
#undef OUTER_NAMES
