#include "epilogue_template.h"
#include "lane_sum_template.h"

// c[i * FILTERS + f] = the sum over blocks, taps and lanes of pixel i times filter f.
#define DOTS(FILTERS, PIXELS)                                                                                   \
  static void FN(dots_##FILTERS##_##PIXELS)(const isotach_tile_work *work, const float *const *a, const float *b, \
                                            float *c) {                                                         \
    V sum[PIXELS][FILTERS];                                                                                     \
    int64_t shift = 0;                                                                                          \
    for (int i = 0; i < PIXELS; ++i)                                                                            \
      for (int f = 0; f < FILTERS; ++f) sum[i][f] = (V){0};                                                     \
    for (int64_t block = 0; block < work->blocks; ++block, shift += work->block_step)                           \
      for (int64_t s = 0; s < work->steps; ++s, b += FILTERS * ISOTACH_LANES)                                   \
        _Pragma("clang loop unroll(full)") for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {              \
          V value[FILTERS];                                                                                     \
          for (int f = 0; f < FILTERS; ++f) value[f] = LOAD(b + f * ISOTACH_LANES + h);                         \
          _Pragma("clang loop unroll(full)") for (int i = 0; i < PIXELS; ++i) {                                 \
            const float *start = a[s * PIXELS + i];                                                             \
            V left = LOAD((start == isotach_tile_zeros ? start : start + shift) + h);                           \
            for (int f = 0; f < FILTERS; ++f) sum[i][f] = FMA(left, value[f], sum[i][f]);                       \
          }                                                                                                     \
        }                                                                                                       \
    for (int i = 0; i < PIXELS; ++i)                                                                            \
      for (int f = 0; f < FILTERS; ++f) c[i * FILTERS + f] = FN(sum)(sum[i][f]);                                \
  }

DOTS(1, 1)
DOTS(2, 1)
DOTS(3, 1)
DOTS(4, 1)
#if VECTOR_LANES == 16
DOTS(1, 12)
DOTS(2, 10)
DOTS(3, 8)
DOTS(4, 6)
static const dots FN(dots_of)[4] = {
    {12, {FN(dots_1_12), FN(dots_1_1)}}, {10, {FN(dots_2_10), FN(dots_2_1)}},
    {8, {FN(dots_3_8), FN(dots_3_1)}}, {6, {FN(dots_4_6), FN(dots_4_1)}}};
#else
DOTS(1, 8)
DOTS(2, 6)
DOTS(3, 4)
DOTS(4, 3)
static const dots FN(dots_of)[4] = {
    {8, {FN(dots_1_8), FN(dots_1_1)}}, {6, {FN(dots_2_6), FN(dots_2_1)}},
    {4, {FN(dots_3_4), FN(dots_3_1)}}, {3, {FN(dots_4_3), FN(dots_4_1)}}};
#endif
#undef DOTS
