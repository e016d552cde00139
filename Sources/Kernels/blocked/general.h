#pragma once
#include "weights.h"

// General convolutions that are part of something else. Private.

/// Makes the plan one of `copies` times the filters; for one group.
void isotach_general_repeat(isotach_general *plan, int64_t copies);
/// Packs with other taps than those of the shape; copies of the filters have one tap after another.
void isotach_general_pack_taps(const isotach_general *plan, const isotach_tap_map *map, const float *w, const float *bias,
                               int64_t first, int64_t last, float *packed);
/// Runs with every `columns`th column of y, the residual and the mask; copies of the filters lie `columns` in a row.
void isotach_general_run_apart(const isotach_general *plan, int64_t piece, const isotach_blocked *x, const float *packed,
                               const isotach_epilogue *epilogue, const isotach_blocked *y, int64_t columns,
                               float *scratch);
/// From the first pixel of a value to that of a block of the results.
int64_t isotach_general_block_offset(const isotach_general *plan, const isotach_blocked *y, int64_t columns,
                                     int64_t block);

/// Whether no two taps of a transposed convolution meet: then all remainders are filters of one convolution with a
/// single tap.
int isotach_transposed_is_apart(const isotach_convolution *shape);
/// The convolution of a remainder; 0 when it has no outputs.
int isotach_transposed_part(const isotach_transposed *plan, int64_t remainder, isotach_general *part, isotach_tap_map *map);
