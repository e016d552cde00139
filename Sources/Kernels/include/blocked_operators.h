#pragma once
#include <stdint.h>

#include "blocked_convolution.h"

// Everything between convolutions, in the blocked layout. Work is ranges of the rows of y (`isotach_blocked_rows`) or,
// where said, of its planes (block * images + image); any cut gives the same bits. Of an epilogue only the activation
// and its numbers are looked at. A function of single elements that is not here can run over the memory of a value
// without halo (lanes behind the last channel too, which must stay finite).

enum {
  ISOTACH_ADD,
  ISOTACH_SUBTRACT,
  ISOTACH_MULTIPLY,
  ISOTACH_DIVIDE,
  ISOTACH_MAX,
  ISOTACH_MIN,
  /// b > 0 ? a : 0 (slope * a when the activation is ISOTACH_LEAKY, which is not applied then): backward through a
  /// rectifier with the output b.
  ISOTACH_MASK,
};

/// y = activation(a op b). A quotient's lanes behind the last channel become 0 when b holds 0 there.
void isotach_blocked_binary(int op, const isotach_blocked *a, const isotach_blocked *b, const isotach_epilogue *e,
                            const isotach_blocked *y, int64_t first, int64_t last);
/// y = activation(x * scale[channel] + shift[channel]); NULL: 1 and 0.
void isotach_blocked_affine(const isotach_blocked *x, const float *scale, const float *shift, int64_t channels,
                            const isotach_epilogue *e, const isotach_blocked *y, int64_t first, int64_t last);
/// y = x, also from another place or with another halo.
void isotach_blocked_copy(const isotach_blocked *x, const isotach_blocked *y, int64_t first, int64_t last);

enum {
  ISOTACH_POOL_MAX,
  /// The mean of the cells inside the image; of all cells of the window.
  ISOTACH_POOL_AVERAGE,
  ISOTACH_POOL_AVERAGE_PADDED,
};
/// Pooling with the kernel, stride, dilation and padding of `shape`. Cells outside the image do not count, whatever
/// its halo holds; the maximum of none is -infinity, the mean 0. NaN wins.
void isotach_blocked_pool(int kind, const isotach_convolution *shape, const isotach_blocked *x,
                          const isotach_blocked *y, int64_t first, int64_t last);
/// Its gradient, for planes first ..< last of dx (set, not added to). For the maximum x is wanted: the first of equal
/// cells gets the gradient.
void isotach_blocked_pool_gradient(int kind, const isotach_convolution *shape, const isotach_blocked *x,
                                   const isotach_blocked *dy, const isotach_blocked *dx, int64_t first, int64_t last);
/// y (1 x 1) = the mean (sums of rows in float, of columns in double) or the maximum of planes first ..< last.
void isotach_blocked_global_pool(int kind, const isotach_blocked *x, const isotach_blocked *y, int64_t first,
                                 int64_t last);

/// Where an output row or column takes its numbers: (1 - weight) * x[low] + weight * x[high].
typedef struct {
  int32_t low, high;
  float weight;
} isotach_resize_tap;
/// Bilinear or (weight 0) nearest resizing by one tap for every row and column of y.
void isotach_blocked_resize(const isotach_blocked *x, const isotach_resize_tap *rows, const isotach_resize_tap *columns,
                            const isotach_blocked *y, int64_t first, int64_t last);

/// Local response normalization over `size` channels around each (ONNX LRN):
/// y = x / (bias + alpha / size * sum of squares) ^ beta. 0 (and nothing done) when `size` is not 1 to 32.
int isotach_blocked_lrn(int64_t size, float alpha, float beta, float bias, const isotach_blocked *x,
                        const isotach_blocked *y, int64_t first, int64_t last);
