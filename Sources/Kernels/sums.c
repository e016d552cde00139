#include <string.h>

#include "kernels.h"
#include "vectors.h"

#define INLINE static inline __attribute__((always_inline))
enum { LANES = 16 };

// Element i goes to lane i % 16; the lanes are added in pairs at the end.
INLINE double fold(double lanes[LANES]) {
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int k = 0; k < half; ++k) lanes[k] += lanes[k + half];
  return lanes[0];
}

#define SUM(NAME, PARAMETERS, ARGUMENTS, TERM)                                                                  \
  INLINE double NAME##_body PARAMETERS {                                                                        \
    double lanes[LANES] = {0};                                                                                  \
    int64_t i = 0;                                                                                              \
    for (; i + LANES <= count; i += LANES)                                                                      \
      for (int k = 0; k < LANES; ++k) lanes[k] += TERM(i + k);                                                  \
    for (int k = 0; i + k < count; ++k) lanes[k] += TERM(i + k);                                                \
    return fold(lanes);                                                                                         \
  }                                                                                                             \
  DISPATCH(NAME, PARAMETERS, ARGUMENTS)

#if defined(__x86_64__)
#define DISPATCH(NAME, PARAMETERS, ARGUMENTS)                                                                   \
  TARGET_AVX512 static double NAME##_avx512 PARAMETERS { return NAME##_body ARGUMENTS; }                        \
  TARGET_AVX2 static double NAME##_avx2 PARAMETERS { return NAME##_body ARGUMENTS; }                            \
  double isotach_##NAME PARAMETERS {                                                                            \
    switch (isotach_cpu_level()) {                                                                              \
    case 2: return NAME##_avx512 ARGUMENTS;                                                                     \
    case 1: return NAME##_avx2 ARGUMENTS;                                                                       \
    default: return NAME##_body ARGUMENTS;                                                                      \
    }                                                                                                           \
  }
#else
#define DISPATCH(NAME, PARAMETERS, ARGUMENTS)                                                                   \
  double isotach_##NAME PARAMETERS { return NAME##_body ARGUMENTS; }
#endif

#define VALUE(I) (double)x[I]
#define SQUARE(I) (((double)x[I] - centre) * ((double)x[I] - centre))
#define PRODUCT(I) ((double)a[I] * ((double)b[I] - centre))

SUM(sum, (const float *x, int64_t count), (x, count), VALUE)
SUM(sum_squares, (const float *x, int64_t count, double centre), (x, count, centre), SQUARE)
SUM(sum_products, (const float *a, const float *b, int64_t count, double centre), (a, b, count, centre), PRODUCT)

void isotach_sum_rows(const float *x, int64_t rows, int64_t columns, float *sums) {
  for (int64_t first = 0; first < columns; first += LANES) {
    int64_t wide = columns - first < LANES ? columns - first : LANES;
    double lanes[LANES] = {0};
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t k = 0; k < wide; ++k) lanes[k] += (double)x[row * columns + first + k];
    for (int64_t k = 0; k < wide; ++k) sums[first + k] = (float)lanes[k];
  }
}
