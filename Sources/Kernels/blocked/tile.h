#pragma once
#include <stdint.h>

// Sums of products in registers. Private.

typedef struct {
  int64_t shift, blocks, block_step, steps, depth, b_step;
  /// What will be read later, for as many cache lines as there are terms.
  const float *ahead;
} isotach_tile_work;

/// 16 zeros, which are the row of a block that is not there.
extern const float isotach_tile_zeros[16];

/// c[i][j] (+)= sum over blocks m, steps s, k < depth of (a[s * rows + i] + shift + m * block_step)[k] * b[l][j], where l
/// counts all terms and rows of b are b_step apart; pointers to the zeros stay where they are. What is summed for one
/// c is summed in this order, whatever the number of rows.
typedef void (*isotach_tile_function)(const isotach_tile_work *work, const float *const *a, const float *b, float *c,
                                      int64_t c_step, int adds);

enum { ISOTACH_TILE_ROWS = 10 };

typedef struct {
  /// Floats of a vector, vectors that a function takes at most.
  int lanes, wide;
  /// Rows that a function takes at most, by vectors - 1; the functions, by vectors - 1 and rows - 1.
  int tall[4];
  const isotach_tile_function (*functions)[ISOTACH_TILE_ROWS];
} isotach_tiles;

/// Blocks of 16 output channels, at most, whose packed weights lie side by side.
enum { ISOTACH_TILE_BLOCKS = 4 };

/// Those of a level of `isotach_cpu_level`.
const isotach_tiles *isotach_tiles_of(int level);

/// c (rows x columns, columns a multiple of 16, rows of c c_step apart) = a (rows x depth, rows a_step apart) times
/// b (depth x columns). `next` is the b of the next product.
void isotach_tile_product(const isotach_tiles *tiles, int64_t rows, int64_t columns, int64_t depth, const float *a,
                          int64_t a_step, const float *b, const float *next, float *c, int64_t c_step);
