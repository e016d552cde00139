#pragma once
#include <stdint.h>

// Blocked layout: channels in blocks of 16, blocks outermost: [block][image][row][column][16] float32. The lanes of
// the last block behind the last channel hold zeros (or other finite numbers: their weights are zero). Concatenation
// along the channels is placement in memory (`isotach_blocked_part`). Values may have a halo of rows and columns
// around each image; reading outside the halo gives zeros wherever a kernel says so, so zero padding needs none.
//
// Nothing here allocates. Work is cut into pieces or ranges that do not depend on the number of threads; every piece
// writes to its own place, and no result depends on how ranges were cut. Pointers need the alignment of float;
// 64 bytes are faster. The results of the three instruction sets (`isotach_cpu_level`) differ in rounding.

enum { ISOTACH_LANES = 16 };

typedef struct {
  /// The first channel of pixel (0, 0) of the first image of the first block (behind the halo).
  float *data;
  int64_t blocks, images, height, width;
  /// Rows above and below, and columns left and right of each image, which are there too.
  int64_t halo_y, halo_x;
  /// Floats from one block, image, row to the next; a column is ISOTACH_LANES.
  int64_t block_step, image_step, row_step;
} isotach_blocked;

/// Floats of such a value: blocks = ceil(channels / 16).
int64_t isotach_blocked_floats(int64_t blocks, int64_t images, int64_t height, int64_t width, int64_t halo_y,
                               int64_t halo_x);
/// The value in `memory`, of isotach_blocked_floats floats.
isotach_blocked isotach_blocked_make(float *memory, int64_t blocks, int64_t images, int64_t height, int64_t width,
                                     int64_t halo_y, int64_t halo_x);
/// Some blocks of it, in the same memory.
isotach_blocked isotach_blocked_part(const isotach_blocked *whole, int64_t first_block, int64_t blocks);

/// Rows of a value, the unit of work of the functions below: row r is row r % height of image r / height % images of
/// block r / height / images.
int64_t isotach_blocked_rows(const isotach_blocked *value);

/// Rows first ..< last of y from x[image][channel][row][column] (plain NCHW; images image_step floats apart, channels
/// contiguous). Lanes behind the last channel become zero. The halo stays as it is.
void isotach_blocked_pack(const float *x, int64_t image_step, int64_t channels, const isotach_blocked *y,
                          int64_t first, int64_t last);
/// The other way round.
void isotach_blocked_unpack(const isotach_blocked *x, int64_t channels, float *y, int64_t image_step, int64_t first,
                            int64_t last);

enum {
  ISOTACH_HALO_ZERO,
  /// The border pixel again; the image mirrored at its border pixel (which is not repeated; halo below the extent);
  /// the other side of the image (halo at most the extent). As in torch.nn.functional.pad.
  ISOTACH_HALO_REPLICATE,
  ISOTACH_HALO_REFLECT,
  ISOTACH_HALO_CIRCULAR,
};
/// Fills the halo of the planes first ..< last (plane p is image p % images of block p / images), columns by kind_x
/// and rows by kind_y; corners are the rows' kind of the filled columns.
void isotach_blocked_fill_halo(const isotach_blocked *value, int kind_y, int kind_x, int64_t first, int64_t last);
