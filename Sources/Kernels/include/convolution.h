#pragma once
#include <stdint.h>

#include "pooling.h"

// Columns of a convolution (im2col) and back. The channels of one group of one sample lie one after another; a
// band is the output positions [first, last) in row-major order. columns[(c * kernel + k) * (last - first) + p]
// is the input cell of channel c under kernel position k for output position first + p, 0 outside.

void isotach_im2col(const isotach_window *w, int64_t channels, const float *source, int64_t first, int64_t last,
                    float *columns);
/// The adjoint: adds the columns of a band to where they came from. Bands of one image may not run at the same
/// time.
void isotach_col2im_add(const isotach_window *w, int64_t channels, const float *columns, int64_t first, int64_t last,
                        float *target);
