#pragma once
#include <stdint.h>

/// A window that moves over one channel of up to three dimensions (the ones in front are 1 for fewer).
typedef struct {
  int64_t input[3], output[3];
  int64_t kernel[3], stride[3], dilation[3];
  /// What is added in front of each dimension; behind it, what the output needs.
  int64_t before[3];
  /// Padding behind each dimension that counts as part of the window for averages that count padding.
  int64_t after[3];
} isotach_window;

/// target = the maximum under the window, places = its row-major index in the input (exact in float32 below
/// 2^24; for larger inputs use the reference). The first of equals; a NaN wins. A window with no cell inside
/// gives -infinity at place 0. `places` may be null.
void isotach_max_pool(const isotach_window *w, const float *source, float *target, float *places);
/// The same for two by two cells without padding, of a plane with rows of `width`, and its gradient (set, zeros where no
/// maximum is): the window of most networks.
void isotach_max_pool_half(const float *source, int64_t width, int64_t out_height, int64_t out_width, float *target);
void isotach_max_pool_half_gradient(const float *source, const float *seeds, int64_t height, int64_t width,
                                    int64_t out_height, int64_t out_width, float *target);
/// target[places[i]] += seeds[i], in the order of i, after zeros everywhere.
void isotach_scatter_places(const float *seeds, const float *places, int64_t count, float *target,
                            int64_t target_count);
/// The mean under the window, in double: over the cells inside, or (`count_padding`) also over the padded ones,
/// but never over what lies behind the padding.
void isotach_average_pool(const isotach_window *w, int count_padding, const float *source, float *target);
/// Each seed spread evenly over the cells that its mean was taken of.
void isotach_average_pool_gradient(const isotach_window *w, int count_padding, const float *seeds, float *target);
