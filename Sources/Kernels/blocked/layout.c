#include <string.h>

#include "../vectors.h"
#include "kernels.h"

int64_t isotach_blocked_floats(int64_t blocks, int64_t images, int64_t height, int64_t width, int64_t halo_y,
                               int64_t halo_x) {
  return blocks * images * (height + 2 * halo_y) * (width + 2 * halo_x) * ISOTACH_LANES;
}

isotach_blocked isotach_blocked_make(float *memory, int64_t blocks, int64_t images, int64_t height, int64_t width,
                                     int64_t halo_y, int64_t halo_x) {
  int64_t row = (width + 2 * halo_x) * ISOTACH_LANES, image = (height + 2 * halo_y) * row;
  return (isotach_blocked){.data = memory + halo_y * row + halo_x * ISOTACH_LANES,
                           .blocks = blocks,
                           .images = images,
                           .height = height,
                           .width = width,
                           .halo_y = halo_y,
                           .halo_x = halo_x,
                           .block_step = images * image,
                           .image_step = image,
                           .row_step = row};
}

isotach_blocked isotach_blocked_part(const isotach_blocked *whole, int64_t first_block, int64_t blocks) {
  isotach_blocked part = *whole;
  part.data += first_block * whole->block_step;
  part.blocks = blocks;
  return part;
}

int64_t isotach_blocked_rows(const isotach_blocked *value) { return value->blocks * value->images * value->height; }

#define TEMPLATE "layout_template.h"
#include "each_isa.h"

void isotach_blocked_pack(const float *x, int64_t image_step, int64_t channels, const isotach_blocked *y,
                          int64_t first, int64_t last) {
  OF_LEVEL(isotach_cpu_level(), pack)(x, image_step, channels, y, first, last);
}

void isotach_blocked_unpack(const isotach_blocked *x, int64_t channels, float *y, int64_t image_step, int64_t first,
                            int64_t last) {
  OF_LEVEL(isotach_cpu_level(), unpack)(x, channels, y, image_step, first, last);
}

// The pixel inside that a halo pixel at `i` (outside 0 ..< extent) repeats, -1 for a zero.
static int64_t source_of(int64_t i, int64_t extent, int kind) {
  switch (kind) {
  case ISOTACH_HALO_REPLICATE: return i < 0 ? 0 : extent - 1;
  case ISOTACH_HALO_REFLECT: {
    int64_t j = i < 0 ? -i : 2 * (extent - 1) - i;
    return j < 0 ? 0 : j >= extent ? extent - 1 : j;
  }
  case ISOTACH_HALO_CIRCULAR: return ((i % extent) + extent) % extent;
  default: return -1;
  }
}

void isotach_blocked_fill_halo(const isotach_blocked *v, int kind_y, int kind_x, int64_t first, int64_t last) {
  if (v->height < 1 || v->width < 1) return;
  for (int64_t plane = first; plane < last; ++plane) {
    float *data = v->data + plane / v->images * v->block_step + plane % v->images * v->image_step;
    for (int64_t y = 0; y < v->height; ++y)
      for (int64_t k = 0; k < 2 * v->halo_x; ++k) {
        int64_t x = k < v->halo_x ? k - v->halo_x : v->width + k - v->halo_x;
        int64_t from = source_of(x, v->width, kind_x);
        float *pixel = data + y * v->row_step + x * ISOTACH_LANES;
        if (from < 0) memset(pixel, 0, ISOTACH_LANES * sizeof *pixel);
        else memcpy(pixel, data + y * v->row_step + from * ISOTACH_LANES, ISOTACH_LANES * sizeof *pixel);
      }
    size_t bytes = (size_t)((v->width + 2 * v->halo_x) * ISOTACH_LANES) * sizeof(float);
    for (int64_t k = 0; k < 2 * v->halo_y; ++k) {
      int64_t y = k < v->halo_y ? k - v->halo_y : v->height + k - v->halo_y;
      int64_t from = source_of(y, v->height, kind_y);
      float *row = data + y * v->row_step - v->halo_x * ISOTACH_LANES;
      if (from < 0) memset(row, 0, bytes);
      else memcpy(row, data + from * v->row_step - v->halo_x * ISOTACH_LANES, bytes);
    }
  }
}
