#pragma once
#include <stdint.h>

// The inner loop of direct convolutions. Private.

/// Filters of a block of packed weights.
enum { DIRECT_ROWS = 8, DIRECT_VECTORS = 3, DIRECT_MAX_LANES = 16 };

/// Floats of a vector on this processor.
int isotach_direct_lanes(void);
/// tile[i][j] = the sum over l of w[l][i] * x[offset[l] + j], for `vectors` (1 to 3) vectors of j; the rows of the
/// tile are DIRECT_VECTORS vectors apart, those of w DIRECT_ROWS floats. `rows` of 4 or fewer: only 4 are made.
void isotach_direct_tile(int rows, int vectors, int64_t count, const float *w, const float *x, const int32_t *offset,
                         float *tile, int64_t tile_step);
