#pragma once
#include "weights.h"

// General convolutions that are part of something else. Private.

/// Packs with other taps than those of the shape.
void isotach_general_pack_taps(const isotach_general *plan, const isotach_tap_map *map, const float *w, const float *bias,
                               int64_t first, int64_t last, float *packed);
/// Runs with every `columns`th column of y, the residual and the mask.
void isotach_general_run_apart(const isotach_general *plan, int64_t piece, const isotach_blocked *x, const float *packed,
                               const isotach_epilogue *epilogue, const isotach_blocked *y, int64_t columns,
                               float *scratch);
