// Products of rounded numbers in float32, and rounding. See bfloat16.h.

#include "epilogue_template.h"

typedef uint32_t FN(bits) __attribute__((vector_size(VECTOR_LANES * 4)));
typedef uint32_t FN(any_bits) __attribute__((vector_size(VECTOR_LANES * 4), aligned(4)));
#define BITS FN(bits)

INLINE V FN(rounded)(V v) {
  BITS bits = (BITS)v, even = (bits >> 16) & 1, high = (bits + 0x7fff + even) & 0xffff0000u;
  return SELECT(v != v, v, (V)high);
}

// 16 or 32 numbers (of two blocks) of each of `count` pixels, `step` floats apart, become 32; `high` may be NULL.
static void FN(round_pixels)(int64_t count, const float *low, const float *high, int64_t step, float *target) {
  V zero = {0};
  for (int64_t i = 0; i < count; ++i, target += 2 * ISOTACH_LANES)
    for (int64_t h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
      STORE(target + h, FN(rounded)(LOAD(low + i * step + h)));
      STORE(target + ISOTACH_LANES + h, high ? FN(rounded)(LOAD(high + i * step + h)) : zero);
    }
}

#define TILE(ROWS, VECTORS)                                                                                      \
  static void FN(rounded_##ROWS##_##VECTORS)(const isotach_bfloat16_terms *t, const float *const *row,           \
                                             const uint16_t *b, float *c, int adds) {                            \
    V sum[ROWS][VECTORS];                                                                                        \
    for (int i = 0; i < ROWS; ++i)                                                                               \
      for (int j = 0; j < VECTORS; ++j) sum[i][j] = adds ? LOAD(c + i * t->wide + j * VECTOR_LANES) : (V){0};    \
    for (int64_t s = 0; s < t->steps; ++s, b += 2 * ISOTACH_BFLOAT16_STEP_PAIRS * t->wide) {                     \
      const float *a[ROWS];                                                                                      \
      for (int i = 0; i < ROWS; ++i) a[i] = row[i] + t->offset[s];                                               \
      const uint16_t *line = b;                                                                                  \
      _Pragma("clang loop unroll(disable)") for (int64_t k = 0; k < 2 * t->pairs; k += 2, line += 2 * t->wide) { \
        BITS both[VECTORS];                                                                                      \
        for (int j = 0; j < VECTORS; ++j) both[j] = *(const FN(any_bits) *)(line + 2 * j * VECTOR_LANES);        \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; ++i) {                                      \
          V left = SPLAT(a[i][k]);                                                                               \
          for (int j = 0; j < VECTORS; ++j) sum[i][j] = FMA(left, (V)(both[j] << 16), sum[i][j]);                \
        }                                                                                                        \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; ++i) {                                      \
          V left = SPLAT(a[i][k + 1]);                                                                           \
          for (int j = 0; j < VECTORS; ++j)                                                                      \
            sum[i][j] = FMA(left, (V)(both[j] & 0xffff0000u), sum[i][j]);                                \
        }                                                                                                        \
      }                                                                                                          \
    }                                                                                                            \
    for (int i = 0; i < ROWS; ++i)                                                                               \
      for (int j = 0; j < VECTORS; ++j) STORE(c + i * t->wide + j * VECTOR_LANES, sum[i][j]);                    \
  }

#define TILES(ROWS) TILE(ROWS, 1) TILE(ROWS, 2)
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
#undef TILES
#undef TILE

// sums[i][j] (+)= the terms, for `count` rows.
static void FN(rounded_product)(const isotach_bfloat16_terms *t, int64_t count, const float *const *row, float *sums,
                                int adds) {
  typedef void (*function)(const isotach_bfloat16_terms *, const float *const *, const uint16_t *, float *, int);
  static const function all[6][2] = {{FN(rounded_1_1), FN(rounded_1_2)}, {FN(rounded_2_1), FN(rounded_2_2)},
                                     {FN(rounded_3_1), FN(rounded_3_2)}, {FN(rounded_4_1), FN(rounded_4_2)},
                                     {FN(rounded_5_1), FN(rounded_5_2)}, {FN(rounded_6_1), FN(rounded_6_2)}};
  for (int64_t first = 0; first < count; first += 6) {
    int64_t rows = least(6, count - first);
    for (int64_t j = 0; j < t->wide;) {
      int64_t vectors = t->wide - j >= 2 * VECTOR_LANES ? 2 : 1;
      all[rows - 1][vectors - 1](t, row + first, t->b + 2 * j, sums + first * t->wide + j, adds);
      j += vectors * VECTOR_LANES;
    }
  }
}
#undef BITS
