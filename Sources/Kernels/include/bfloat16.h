#pragma once
#include <stdint.h>

#include "blocked_convolution.h"

// Direct convolutions and products whose operands are rounded to bfloat16 (to the nearest, ties to even) before they
// are multiplied, with sums in float32. A product of two bfloat16 numbers is exact in float32: what the ways below differ
// in is the order of sums (and numbers below 1.2e-38, which the processor's own units take as zero).

enum {
  /// Multiplications in float32 of what was rounded: on every processor.
  ISOTACH_BFLOAT16_FLOATS,
  /// Pairs of products (AVX-512 BF16).
  ISOTACH_BFLOAT16_PAIRS,
  /// Products of 16 x 32 with 32 x 16 numbers (AMX).
  ISOTACH_BFLOAT16_TILES,
};

/// How the calling thread's plans multiply: tiles where the processor has them and the system lets us; pairs on
/// processors of AMD (Intel's need twice as long for them as for the same number of products in float32); floats elsewhere.
/// ISOTACH_CPU=avx512 (and less) means floats, avx512bf16 at most pairs.
int isotach_bfloat16_unit(void);
/// For tests: the calling thread plans for this unit from now on; -1: for what `isotach_bfloat16_unit` finds.
/// 0 when the processor does not have it.
int isotach_bfloat16_use(int unit);

/// A convolution of blocked values, as in blocked_convolution.h; `isotach_bfloat16_plan_transposed` one of its transposed
/// ones whose taps do not overlap; `isotach_bfloat16_plan_dense` a product of plain matrices.
typedef struct {
  isotach_general general;
  int32_t unit, is_dense;
  /// Where tap 0 lies in the stored weights of the shape when there are copies.
  int32_t stored_taps, columns;
  /// Blocks of 32 channels of a group; pairs of channels that are summed of each.
  int64_t deep_blocks, pairs;
  /// The rounded input: rows and columns with what is around the image; of the input from one of them to the next.
  int64_t rows, wide, row_stride, column_stride;
} isotach_bfloat16;

/// 0 for more than 128 taps.
int isotach_bfloat16_plan(const isotach_convolution *shape, isotach_bfloat16 *plan);
int isotach_bfloat16_plan_transposed(const isotach_convolution *shape, isotach_bfloat16 *plan);
/// y[rows][filters] = x[rows][channels] times w[filters][channels], transposed, and the bias.
int isotach_bfloat16_plan_dense(int64_t rows, int64_t channels, int64_t filters, isotach_bfloat16 *plan);

/// In floats; half as many as there are weights, and the bias in float32.
int64_t isotach_bfloat16_packed(const isotach_bfloat16 *plan);
int64_t isotach_bfloat16_pack_ranges(const isotach_bfloat16 *plan);
void isotach_bfloat16_pack(const isotach_bfloat16 *plan, const float *w, const float *bias, int64_t first, int64_t last,
                           float *packed);
int64_t isotach_bfloat16_shared(const isotach_bfloat16 *plan);
int64_t isotach_bfloat16_scratch(const isotach_bfloat16 *plan);
/// Phase 0 rounds the input into the shared memory, phase 1 multiplies.
int64_t isotach_bfloat16_pieces(const isotach_bfloat16 *plan, int64_t phase);
void isotach_bfloat16_run(const isotach_bfloat16 *plan, int64_t phase, int64_t piece, const isotach_blocked *x,
                          const float *packed, const isotach_epilogue *epilogue, const isotach_blocked *y,
                          float *shared, float *scratch);
void isotach_bfloat16_run_dense(const isotach_bfloat16 *plan, int64_t phase, int64_t piece, const float *x,
                                const float *packed, float *y, float *shared, float *scratch);

/// The number, rounded; NaN stays one.
float isotach_bfloat16_rounded(float number);
