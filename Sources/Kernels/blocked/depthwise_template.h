#include "epilogue_template.h"

#define DEPTHWISE(PIXELS)                                                                                       \
  /* Taps ky, kx of the ranges for PIXELS outputs, the window of the first at x. */                             \
  INLINE void FN(depthwise_##PIXELS)(const isotach_convolution *s, const float *x, int64_t x_row, const float *w, \
                                     V offset, int64_t ky0, int64_t ky1, int64_t kx0, int64_t kx1,              \
                                     const float *residual, const float *mask, float *y,                        \
                                     const FN(finish_values) * finish) {                                        \
    V sum[PIXELS];                                                                                              \
    for (int i = 0; i < PIXELS; ++i) sum[i] = (V){0};                                                           \
    for (int64_t ky = ky0; ky < ky1; ++ky)                                                                      \
      for (int64_t kx = kx0; kx < kx1; ++kx) {                                                                  \
        const float *source = x + ky * s->dilation_y * x_row + kx * s->dilation_x * ISOTACH_LANES;              \
        V weight = LOAD(w + (ky * s->kernel_x + kx) * ISOTACH_LANES);                                           \
        for (int i = 0; i < PIXELS; ++i)                                                                        \
          sum[i] = FMA(LOAD(source + i * s->stride_x * ISOTACH_LANES), weight, sum[i]);                         \
      }                                                                                                         \
    for (int i = 0; i < PIXELS; ++i) {                                                                          \
      V v = sum[i] + offset;                                                                                    \
      if (residual) v += LOAD(residual + i * ISOTACH_LANES);                                                    \
      v = mask ? FN(masked)(v, LOAD(mask + i * ISOTACH_LANES), finish) : FN(finish)(v, finish);                 \
      STORE(y + i * ISOTACH_LANES, v);                                                                          \
    }                                                                                                           \
  }
DEPTHWISE(1)
DEPTHWISE(8)
#undef DEPTHWISE

INLINE const float *FN(row_of)(const isotach_blocked *v, int64_t block, int64_t image, int64_t row) {
  return v ? v->data + block * v->block_step + image * v->image_step + row * v->row_step : 0;
}

static void FN(depthwise_rows)(const isotach_depthwise *p, int64_t first, int64_t last, const isotach_blocked *x,
                               const float *packed, const isotach_epilogue *e, const isotach_blocked *y) {
  const isotach_convolution *s = &p->shape;
  FN(finish_values) finish = FN(finish_of)(e);
  int64_t whole_first, whole_last, taps = s->kernel_y * s->kernel_x;
  isotach_whole_windows(s->out_width, s->stride_x, s->before_x, (s->kernel_x - 1) * s->dilation_x, -x->halo_x,
                        x->width + x->halo_x, &whole_first, &whole_last);
  for (int64_t r = first; r < last; ++r) {
    int64_t row = r % y->height, image = r / y->height % y->images, block = r / y->height / y->images;
    int64_t y0 = row * s->stride_y - s->before_y, ky0, ky1;
    isotach_taps_inside(y0, s->kernel_y, s->dilation_y, -x->halo_y, x->height + x->halo_y, &ky0, &ky1);
    const float *source = x->data + block * x->block_step + image * x->image_step + y0 * x->row_step;
    const float *residual = FN(row_of)(e->residual, block, image, row), *mask = FN(row_of)(e->mask, block, image, row);
    float *target = y->data + block * y->block_step + image * y->image_step + row * y->row_step;
    const float *bias = packed + block * ISOTACH_LANES, *w = packed + (y->blocks + block * taps) * ISOTACH_LANES;
    for (int64_t column = 0; column < s->out_width;) {
      int is_whole = column >= whole_first && column + 8 <= whole_last;
      int64_t x0 = column * s->stride_x - s->before_x, kx0 = 0, kx1 = s->kernel_x;
      if (!is_whole)
        isotach_taps_inside(x0, s->kernel_x, s->dilation_x, -x->halo_x, x->width + x->halo_x, &kx0, &kx1);
      for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
        const float *pixel = source + x0 * ISOTACH_LANES + h;
        const float *also = residual ? residual + column * ISOTACH_LANES + h : 0;
        const float *under = mask ? mask + column * ISOTACH_LANES + h : 0;
        float *result = target + column * ISOTACH_LANES + h;
        V offset = LOAD(bias + h);
        if (is_whole)
          FN(depthwise_8)(s, pixel, x->row_step, w + h, offset, ky0, ky1, kx0, kx1, also, under, result, &finish);
        else FN(depthwise_1)(s, pixel, x->row_step, w + h, offset, ky0, ky1, kx0, kx1, also, under, result, &finish);
      }
      column += is_whole ? 8 : 1;
    }
  }
}

// total += the sums of x times dy over the outputs first ..< last of a row.
static void FN(depthwise_products)(const float *x, const float *dy, int64_t stride, int64_t first, int64_t last,
                                   double *total) {
  for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
    V even = {0}, odd = {0};
    int64_t i = first;
    for (; i + 2 <= last; i += 2) {
      even = FMA(LOAD(x + i * stride * ISOTACH_LANES + h), LOAD(dy + i * ISOTACH_LANES + h), even);
      odd = FMA(LOAD(x + (i + 1) * stride * ISOTACH_LANES + h), LOAD(dy + (i + 1) * ISOTACH_LANES + h), odd);
    }
    if (i < last) even = FMA(LOAD(x + i * stride * ISOTACH_LANES + h), LOAD(dy + i * ISOTACH_LANES + h), even);
    float lanes[VECTOR_LANES];
    STORE(lanes, even + odd);
    for (int l = 0; l < VECTOR_LANES; ++l) total[h + l] += (double)lanes[l];
  }
}
