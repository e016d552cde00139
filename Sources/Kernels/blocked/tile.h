#pragma once
#include <stdint.h>

// Sums of products in registers. Private.

/// c[i][j] (+)= sum over s < steps, k < depth of a[s * rows + i][k] * b[(s * depth + k) * b_step + j]. What is summed
/// for one c is summed in this order, whatever the number of rows.
typedef void (*isotach_tile_function)(int64_t steps, int64_t depth, const float *const *a, const float *b,
                                      int64_t b_step, float *c, int64_t c_step, int adds);

enum { ISOTACH_TILE_ROWS = 10 };

typedef struct {
  /// Floats of a vector, vectors that a function takes at most.
  int lanes, wide;
  /// Rows that a function takes at most, by vectors - 1; the functions, by vectors - 1 and rows - 1.
  int tall[4];
  const isotach_tile_function (*functions)[ISOTACH_TILE_ROWS];
} isotach_tiles;

/// Those of a level of `isotach_cpu_level`.
const isotach_tiles *isotach_tiles_of(int level);

/// c (rows x columns, columns a multiple of 16, rows of c c_step apart) = a (rows x depth, rows a_step apart) times
/// b (depth x columns).
void isotach_tile_product(const isotach_tiles *tiles, int64_t rows, int64_t columns, int64_t depth, const float *a,
                          int64_t a_step, const float *b, float *c, int64_t c_step);
