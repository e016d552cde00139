// Products of stretches of plain rows, each from another place, with blocked pixels. See border_gradient.c.

// c[i][j] += sum over n < lines, k < count of a[offset[i] + n * a_line + k * a_step] * b[n * b_line + k * 16
// + j / 16 * b_block + j % 16].
#define STRETCH(ROWS, VECTORS)                                                                                  \
  static void FN(stretch_##ROWS##_##VECTORS)(const stretch_work *work, const int32_t *offset, const float *a,   \
                                             const float *b, float *c, int64_t c_step) {                        \
    int64_t count = work->count, a_step = work->a_step;                                                         \
    V sum[ROWS][VECTORS];                                                                                       \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < VECTORS; ++j) sum[i][j] = LOAD(c + i * c_step + j * VECTOR_LANES);                    \
    for (int64_t line = 0; line < work->lines; ++line) {                                                        \
      const float *row[ROWS], *columns[VECTORS];                                                                \
      for (int i = 0; i < ROWS; ++i) row[i] = a + offset[i] + line * work->a_line;                              \
      for (int j = 0; j < VECTORS; ++j)                                                                         \
        columns[j] = b + line * work->b_line + j * VECTOR_LANES / ISOTACH_LANES * work->b_block                 \
                     + j * VECTOR_LANES % ISOTACH_LANES;                                                        \
      for (int64_t k = 0, at = 0; k < count; ++k, at += a_step) {                                               \
        V value[VECTORS];                                                                                       \
        for (int j = 0; j < VECTORS; ++j) value[j] = LOAD(columns[j] + k * ISOTACH_LANES);                      \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; ++i) {                                     \
          V left = SPLAT(row[i][at]);                                                                           \
          for (int j = 0; j < VECTORS; ++j) sum[i][j] = FMA(left, value[j], sum[i][j]);                         \
        }                                                                                                       \
      }                                                                                                         \
    }                                                                                                           \
    for (int i = 0; i < ROWS; ++i)                                                                              \
      for (int j = 0; j < VECTORS; ++j) STORE(c + i * c_step + j * VECTOR_LANES, sum[i][j]);                    \
  }
#define STRETCHES(VECTORS)                                                                                      \
  STRETCH(1, VECTORS) STRETCH(2, VECTORS) STRETCH(3, VECTORS) STRETCH(4, VECTORS) STRETCH(5, VECTORS)           \
  STRETCH(6, VECTORS)
#define STRETCH_NAMES(VECTORS)                                                                                  \
  FN(stretch_1_##VECTORS), FN(stretch_2_##VECTORS), FN(stretch_3_##VECTORS), FN(stretch_4_##VECTORS),           \
      FN(stretch_5_##VECTORS), FN(stretch_6_##VECTORS)
STRETCHES(1)
STRETCHES(2)
#if WIDE > 2
STRETCHES(3)
STRETCHES(4)
#endif
#if VECTOR_LANES == 16
// Few filters leave registers for more taps; each has an address of its own, which is why they are not more.
STRETCH(7, 1) STRETCH(8, 1) STRETCH(7, 2) STRETCH(8, 2)
static const stretch_function FN(stretch_functions)[4][STRETCHES_MOST] = {
    {STRETCH_NAMES(1), FN(stretch_7_1), FN(stretch_8_1)},
    {STRETCH_NAMES(2), FN(stretch_7_2), FN(stretch_8_2)},
    {STRETCH_NAMES(3)},
    {STRETCH_NAMES(4)}};
static const stretches FN(stretches) = {{8, 8, 6, 6}, FN(stretch_functions)};
#elif WIDE > 2
static const stretch_function FN(stretch_functions)[4][STRETCHES_MOST] = {
    {STRETCH_NAMES(1)}, {STRETCH_NAMES(2)}, {STRETCH_NAMES(3)}, {STRETCH_NAMES(4)}};
static const stretches FN(stretches) = {{6, 6, 6, 6}, FN(stretch_functions)};
#else
static const stretch_function FN(stretch_functions)[4][STRETCHES_MOST] = {{STRETCH_NAMES(1)}, {STRETCH_NAMES(2)}};
static const stretches FN(stretches) = {{6, 6, 0, 0}, FN(stretch_functions)};
#endif
#undef STRETCH
#undef STRETCHES
#undef STRETCH_NAMES
