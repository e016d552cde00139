#pragma once
#include <stdint.h>

#include "blocked.h"

// Batch normalization while training, in the blocked layout: sums over images and pixels of every channel, and the
// gradient with the mask of the rectifier behind it in one pass. Forward is
//   sums (x, centre = NULL or any guess of the means) -> mean, variance -> isotach_blocked_affine with the activation,
// and backward, for g = dy where mask > 0 (0 elsewhere; dy without a mask),
//   sum of g and of g * (x - mean) -> isotach_blocked_combine: dx = a * g + b * x + c with, for n numbers a channel,
//   a = gamma / deviation, b = -a * (sum of g * (x - mean)) / (n * deviation^2), c = -a * (sum of g) / n - b * mean.
//
// Sums are taken in parts: rows in float, the rest in double, parts added in order. The pieces and the bits depend on
// the shape alone.

/// Pieces of the sums of a value: ranges of its rows, block by block.
int64_t isotach_blocked_sum_pieces(const isotach_blocked *x);
/// Doubles that the pieces write: 32 for each.
int64_t isotach_blocked_sum_doubles(const isotach_blocked *x);

/// A piece of the sums of x - centre[channel] and of its square.
void isotach_blocked_moments(const isotach_blocked *x, const float *centre, int64_t channels, int64_t piece,
                             double *sums);
/// A piece of the sums of g and of g * (x - centre[channel]), where g = dy where mask > 0 and 0 elsewhere; mask may be
/// NULL.
void isotach_blocked_products(const isotach_blocked *dy, const isotach_blocked *mask, const isotach_blocked *x,
                              const float *centre, int64_t channels, int64_t piece, double *sums);
/// first[c] and second[c] = what the pieces have summed for channel c.
void isotach_blocked_sum_finish(const isotach_blocked *x, int64_t channels, const double *sums, double *first,
                                double *second);

/// Rows first ..< last of dx = a[channel] * g + b[channel] * x + c[channel], g as above. dx may be dy.
void isotach_blocked_combine(const isotach_blocked *dy, const isotach_blocked *mask, const isotach_blocked *x,
                             const float *a, const float *b, const float *c, int64_t channels,
                             const isotach_blocked *dx, int64_t first, int64_t last);
