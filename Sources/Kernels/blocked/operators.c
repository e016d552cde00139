#include <math.h>
#include <string.h>

#include "../vectors.h"
#include "arithmetic.h"
#include "pixels.h"
#include "window.h"

#define TEMPLATE "operators_template.h"
#include "each_isa.h"

typedef struct {
  int64_t row, image, block;
} place;

static inline place place_of(const isotach_blocked *y, int64_t r) {
  return (place){r % y->height, r / y->height % y->images, r / y->height / y->images};
}
static inline float *row_of(const isotach_blocked *v, place at) {
  return v->data + at.block * v->block_step + at.image * v->image_step + at.row * v->row_step;
}
static inline float *plane_of(const isotach_blocked *v, int64_t plane) {
  return v->data + plane / v->images * v->block_step + plane % v->images * v->image_step;
}

void isotach_blocked_binary(int op, const isotach_blocked *a, const isotach_blocked *b, const isotach_epilogue *e,
                            const isotach_blocked *y, int64_t first, int64_t last) {
  int level = isotach_cpu_level();
  for (int64_t r = first; r < last; ++r) {
    place at = place_of(y, r);
    OF_LEVEL(level, binary_row)(op, row_of(a, at), row_of(b, at), e, row_of(y, at), y->width * ISOTACH_LANES);
  }
}

void isotach_blocked_affine(const isotach_blocked *x, const float *scale, const float *shift, int64_t channels,
                            const isotach_epilogue *e, const isotach_blocked *y, int64_t first, int64_t last) {
  int level = isotach_cpu_level();
  for (int64_t r = first; r < last; ++r) {
    place at = place_of(y, r);
    float factors[ISOTACH_LANES], offsets[ISOTACH_LANES];
    for (int64_t l = 0; l < ISOTACH_LANES; ++l) {
      int64_t c = at.block * ISOTACH_LANES + l;
      factors[l] = c >= channels ? 0 : scale ? scale[c] : 1;
      offsets[l] = c < channels && shift ? shift[c] : 0;
    }
    OF_LEVEL(level, affine_row)(row_of(x, at), factors, offsets, e, row_of(y, at), y->width * ISOTACH_LANES);
  }
}

void isotach_blocked_copy(const isotach_blocked *x, const isotach_blocked *y, int64_t first, int64_t last) {
  for (int64_t r = first; r < last; ++r) {
    place at = place_of(y, r);
    memcpy(row_of(y, at), row_of(x, at), (size_t)(y->width * ISOTACH_LANES) * sizeof(float));
  }
}

void isotach_blocked_pool(int kind, const isotach_convolution *shape, const isotach_blocked *x,
                          const isotach_blocked *y, int64_t first, int64_t last) {
  isotach_convolution s = *shape;
  isotach_complete(&s);
  int level = isotach_cpu_level();
  for (int64_t r = first; r < last; ++r) {
    place at = place_of(y, r);
    const float *plane = plane_of(x, at.block * x->images + at.image);
    OF_LEVEL(level, pool_row)(kind, &s, plane, x->row_step, x->height, x->width, at.row, row_of(y, at), y->width);
  }
}

void isotach_blocked_pool_gradient(int kind, const isotach_convolution *shape, const isotach_blocked *x,
                                   const isotach_blocked *dy, const isotach_blocked *dx, int64_t first, int64_t last) {
  isotach_convolution s = *shape;
  isotach_complete(&s);
  int level = isotach_cpu_level();
  for (int64_t p = first; p < last; ++p) {
    float *target = plane_of(dx, p);
    for (int64_t row = 0; row < dx->height; ++row)
      memset(target + row * dx->row_step, 0, (size_t)(dx->width * ISOTACH_LANES) * sizeof *target);
    for (int64_t row = 0; row < dy->height; ++row)
      OF_LEVEL(level, pool_gradient_row)(kind, &s, x ? plane_of(x, p) : 0, x ? x->row_step : 0, dx->height, dx->width, row,
                                         plane_of(dy, p) + row * dy->row_step, dy->width, target, dx->row_step);
  }
}

void isotach_blocked_global_pool(int kind, const isotach_blocked *x, const isotach_blocked *y, int64_t first,
                                 int64_t last) {
  int level = isotach_cpu_level();
  isotach_convolution whole = {.kernel_y = x->height, .kernel_x = x->width, .stride_y = 1, .stride_x = 1,
                               .dilation_y = 1, .dilation_x = 1};
  for (int64_t p = first; p < last; ++p) {
    float *target = plane_of(y, p);
    if (kind == ISOTACH_POOL_MAX) {
      OF_LEVEL(level, pool_row)(kind, &whole, plane_of(x, p), x->row_step, x->height, x->width, 0, target, 1);
      continue;
    }
    double sums[ISOTACH_LANES] = {0}, count = (double)x->height * (double)x->width;
    OF_LEVEL(level, global_sum)(plane_of(x, p), x->row_step, x->height, x->width, sums);
    for (int l = 0; l < ISOTACH_LANES; ++l) target[l] = (float)(sums[l] / count);
  }
}

void isotach_blocked_resize(const isotach_blocked *x, const isotach_resize_tap *rows, const isotach_resize_tap *columns,
                            const isotach_blocked *y, int64_t first, int64_t last) {
  int level = isotach_cpu_level();
  for (int64_t r = first; r < last; ++r) {
    place at = place_of(y, r);
    const float *plane = plane_of(x, at.block * x->images + at.image);
    isotach_resize_tap tap = rows[at.row];
    OF_LEVEL(level, resize_row)(plane + tap.low * x->row_step, plane + tap.high * x->row_step, tap.weight, columns,
                                row_of(y, at), y->width);
  }
}

int isotach_blocked_lrn(int64_t size, float alpha, float beta, float bias, const isotach_blocked *x,
                        const isotach_blocked *y, int64_t first, int64_t last) {
  enum { PIXELS = 16 };
  int level = isotach_cpu_level();
  // The window must not reach further than a block on either side.
  if (size < 1 || size > 2 * ISOTACH_LANES) return 0;
  float scale = alpha / (float)size;
  for (int64_t r = first; r < last; ++r) {
    place at = place_of(y, r);
    const float *row = row_of(x, at);
    for (int64_t i = 0; i < y->width; i += PIXELS) {
      int64_t count = y->width - i < PIXELS ? y->width - i : PIXELS, floats = count * ISOTACH_LANES;
      float sums[PIXELS * ISOTACH_LANES];
      const float *here = row + i * ISOTACH_LANES;
      OF_LEVEL(level, lrn_sums)(size, scale, bias, at.block > 0 ? here - x->block_step : 0, here,
                                at.block + 1 < x->blocks ? here + x->block_step : 0, sums, count);
      float *target = row_of(y, at) + i * ISOTACH_LANES;
      if (beta == 0.75f) {
        OF_LEVEL(level, lrn_finish)(here, sums, target, floats);
        continue;
      }
      isotach_log(sums, sums, floats);
      isotach_scale_shift(sums, sums, floats, -beta, 0);
      isotach_exp(sums, sums, floats);
      isotach_multiply(here, sums, target, floats);
    }
  }
  return 1;
}
