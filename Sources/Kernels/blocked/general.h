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
