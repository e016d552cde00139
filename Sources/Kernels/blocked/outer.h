#pragma once
#include <stdint.h>

// Products summed over rows of both factors, as gradients of weights need them. Private.

typedef struct {
  /// Rows that are summed, floats from one to the next; floats between blocks of 16 columns of b; between rows of c.
  int64_t count, a_step, b_step, b_block, c_step;
} isotach_outer_work;

/// c[i][j] (+)= sum over k < count of a[k * a_step + i] * b[k * b_step + j / 16 * b_block + j % 16] for i < rows and
/// j < columns, multiples of 16; in the order of k.
void isotach_outer(int level, const isotach_outer_work *work, int64_t rows, int64_t columns, const float *a,
                   const float *b, float *c, int adds);
