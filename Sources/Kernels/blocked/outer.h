#pragma once
#include <stdint.h>

// Products summed over rows of both factors, as gradients of weights need them. Private.

typedef struct {
  /// Rows that are summed, floats from one to the next; floats between blocks of 16 columns of b; between rows of c.
  int64_t count, a_step, b_step, b_block, c_step;
  /// All that so many times, floats from one line of rows to the next.
  int64_t lines, a_line, b_line;
} isotach_outer_work;

/// c[i][j] (+)= sum over n < lines, k < count of a[n * a_line + k * a_step + i] * b[n * b_line + k * b_step
/// + j / 16 * b_block + j % 16] for i < rows (4 at least) and j < columns, multiples of 16; in the order of n and k.
void isotach_outer(int level, const isotach_outer_work *work, int64_t rows, int64_t columns, const float *a,
                   const float *b, float *c, int adds);
