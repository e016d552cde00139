#include "pixels.h"

#include "tile.h"

void isotach_find_taps(const isotach_convolution *s, const isotach_blocked *x, int64_t first, int64_t rows,
                       const float **starts) {
  int64_t column = first % s->out_width, row = first / s->out_width % s->out_height;
  int64_t image = first / s->out_width / s->out_height;
  int64_t last_y = (s->kernel_y - 1) * s->dilation_y, last_x = (s->kernel_x - 1) * s->dilation_x;
  for (int64_t i = 0; i < rows; ++i) {
    int64_t y0 = row * s->stride_y - s->before_y, x0 = column * s->stride_x - s->before_x;
    const float *pixel = x->data + image * x->image_step + y0 * x->row_step + x0 * ISOTACH_LANES;
    int is_inside = y0 >= -x->halo_y && x0 >= -x->halo_x && y0 + last_y < x->height + x->halo_y
                    && x0 + last_x < x->width + x->halo_x;
    const float **target = starts + i;
    for (int64_t ky = 0; ky < s->kernel_y; ++ky) {
      int64_t at_y = y0 + ky * s->dilation_y, at_x = x0;
      int is_row = at_y >= -x->halo_y && at_y < x->height + x->halo_y;
      const float *tap = pixel + ky * s->dilation_y * x->row_step;
      for (int64_t kx = 0; kx < s->kernel_x; ++kx, target += rows, at_x += s->dilation_x) {
        int is_there = is_inside || (is_row && at_x >= -x->halo_x && at_x < x->width + x->halo_x);
        *target = is_there ? tap + kx * s->dilation_x * ISOTACH_LANES : isotach_tile_zeros;
      }
    }
    if (++column == s->out_width) {
      column = 0;
      if (++row == s->out_height) row = 0, ++image;
    }
  }
}

void isotach_find_pixels(const isotach_convolution *s, const isotach_blocked *y, int64_t columns, int64_t first,
                         int64_t last, int64_t *offset) {
  int64_t width = s->out_width, height = s->out_height;
  for (int64_t q = first; q < last; ++q)
    *offset++ = q / width / height * y->image_step + q / width % height * y->row_step + q % width * columns * ISOTACH_LANES;
}
