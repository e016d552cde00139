#pragma once
#include "kernels.h"

// Products of numbers in bfloat16. Private.

enum { ISOTACH_DEEP = 32, ISOTACH_BFLOAT16_PIXELS = 32, ISOTACH_BFLOAT16_STEP_PAIRS = 16 };

/// Some terms of sums. Step s adds, for k < 2 * pairs, the numbers at `row + offset[s]` of each row times those of
/// b[s][k / 2][column][k % 2].
typedef struct {
  int64_t steps, pairs, wide;
  const int64_t *offset;
  const uint16_t *b;
} isotach_bfloat16_terms;

static inline uint16_t isotach_to_bfloat16(float number) {
  uint32_t bits;
  __builtin_memcpy(&bits, &number, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// Of the processor's own units (bfloat16_units.c); 0 where it has none.
int isotach_bfloat16_has(int unit);
/// 16 or 32 numbers (of two blocks) of each of `count` pixels, `step` floats apart, become 32.
void isotach_bfloat16_round_pairs(int64_t count, const float *low, const float *high, int64_t step, uint16_t *target);
/// sums[i][j] (+)= the terms, for `count` rows.
void isotach_bfloat16_pairs(const isotach_bfloat16_terms *t, int64_t count, const uint16_t *const *row, float *sums,
                            int adds);
/// The same for 32 rows, whatever their number, between `begin` and `end`. `gathered` has room for all steps of them.
void isotach_bfloat16_tiles(const isotach_bfloat16_terms *t, const uint16_t *const *row, float *sums, int adds,
                            uint16_t *gathered);
void isotach_bfloat16_begin_tiles(void);
void isotach_bfloat16_end_tiles(void);
