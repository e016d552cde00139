#include "epilogue_template.h"

static void FN(binary_row)(int op, const float *a, const float *b, const isotach_epilogue *e, float *y, int64_t count) {
  FN(finish_values) finish = FN(finish_of)(e);
  V zero = {0};
#define EACH(VALUE)                                                                                             \
  for (int64_t i = 0; i < count; i += VECTOR_LANES) {                                                           \
    V u = LOAD(a + i), v = LOAD(b + i);                                                                         \
    STORE(y + i, FN(finish)(VALUE, &finish));                                                                   \
  }                                                                                                             \
  break;
  switch (op) {
  case ISOTACH_ADD: EACH(u + v)
  case ISOTACH_SUBTRACT: EACH(u - v)
  case ISOTACH_MULTIPLY: EACH(u * v)
  case ISOTACH_DIVIDE: EACH(SELECT((u == zero) & (v == zero), zero, u / v))
  case ISOTACH_MAX: EACH(SELECT((u > v) | (u != u), u, v))
  case ISOTACH_MIN: EACH(SELECT((u < v) | (u != u), u, v))
  case ISOTACH_MASK:
    for (int64_t i = 0; i < count; i += VECTOR_LANES) STORE(y + i, FN(masked)(LOAD(a + i), LOAD(b + i), &finish));
  }
#undef EACH
}

static void FN(affine_row)(const float *x, const float *scale, const float *shift, const isotach_epilogue *e, float *y,
                           int64_t count) {
  FN(finish_values) finish = FN(finish_of)(e);
  for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
    V a = LOAD(scale + h), b = LOAD(shift + h);
    for (int64_t i = h; i < count; i += ISOTACH_LANES) STORE(y + i, FN(finish)(LOAD(x + i) * a + b, &finish));
  }
}

// Rows of one plane, columns of the window in `taps` (first and last column inside, by output column).
static void FN(pool_row)(int kind, const isotach_convolution *s, const float *plane, int64_t x_row, int64_t height,
                         int64_t width, int64_t row, float *y, int64_t out_width) {
  int64_t y0 = row * s->stride_y - s->before_y, ky0, ky1;
  isotach_taps_inside(y0, s->kernel_y, s->dilation_y, 0, height, &ky0, &ky1);
  for (int64_t column = 0; column < out_width; ++column) {
    int64_t x0 = column * s->stride_x - s->before_x, kx0, kx1;
    isotach_taps_inside(x0, s->kernel_x, s->dilation_x, 0, width, &kx0, &kx1);
    int64_t count = (ky1 - ky0) * (kx1 - kx0);
    if (kind == ISOTACH_POOL_AVERAGE_PADDED) count = s->kernel_y * s->kernel_x;
    float share = count > 0 ? 1.0f / (float)count : 0;
    const float *corner = plane + y0 * x_row + x0 * ISOTACH_LANES;
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
      V sum = kind == ISOTACH_POOL_MAX ? SPLAT(-__builtin_inff()) : (V){0};
      for (int64_t ky = ky0; ky < ky1; ++ky)
        for (int64_t kx = kx0; kx < kx1; ++kx) {
          V v = LOAD(corner + ky * s->dilation_y * x_row + kx * s->dilation_x * ISOTACH_LANES + h);
          sum = kind == ISOTACH_POOL_MAX ? SELECT((sum >= v) | (sum != sum), sum, v) : sum + v;
        }
      STORE(y + column * ISOTACH_LANES + h, kind == ISOTACH_POOL_MAX ? sum : sum * share);
    }
  }
}

static void FN(pool_gradient_row)(int kind, const isotach_convolution *s, const float *plane, int64_t x_row,
                                  int64_t height, int64_t width, int64_t row, const float *dy, int64_t out_width,
                                  float *dx, int64_t dx_row) {
  int64_t y0 = row * s->stride_y - s->before_y, ky0, ky1;
  isotach_taps_inside(y0, s->kernel_y, s->dilation_y, 0, height, &ky0, &ky1);
  for (int64_t column = 0; column < out_width; ++column) {
    int64_t x0 = column * s->stride_x - s->before_x, kx0, kx1;
    isotach_taps_inside(x0, s->kernel_x, s->dilation_x, 0, width, &kx0, &kx1);
    int64_t count = (ky1 - ky0) * (kx1 - kx0);
    if (kind == ISOTACH_POOL_AVERAGE_PADDED) count = s->kernel_y * s->kernel_x;
    float share = count > 0 ? 1.0f / (float)count : 0;
    int64_t corner = y0 * x_row + x0 * ISOTACH_LANES, target = y0 * dx_row + x0 * ISOTACH_LANES;
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
      V g = LOAD(dy + column * ISOTACH_LANES + h), most = SPLAT(-__builtin_inff());
      if (kind == ISOTACH_POOL_MAX)
        for (int64_t ky = ky0; ky < ky1; ++ky)
          for (int64_t kx = kx0; kx < kx1; ++kx) {
            V v = LOAD(plane + corner + ky * s->dilation_y * x_row + kx * s->dilation_x * ISOTACH_LANES + h);
            most = SELECT((most >= v) | (most != most), most, v);
          }
      for (int64_t ky = ky0; ky < ky1; ++ky)
        for (int64_t kx = kx0; kx < kx1; ++kx) {
          float *cell = dx + target + ky * s->dilation_y * dx_row + kx * s->dilation_x * ISOTACH_LANES + h;
          if (kind == ISOTACH_POOL_MAX) {
            V v = LOAD(plane + corner + ky * s->dilation_y * x_row + kx * s->dilation_x * ISOTACH_LANES + h), none = {0};
            // The first cell that is the maximum takes what is left of the gradient: nothing afterwards.
            V here = SELECT((v == most) | (v != v), g, none);
            g = SELECT((v == most) | (v != v), none, g);
            STORE(cell, LOAD(cell) + here);
          } else STORE(cell, LOAD(cell) + g * share);
        }
    }
  }
}

static void FN(resize_row)(const float *low, const float *high, float weight, const isotach_resize_tap *columns, float *y,
                           int64_t width) {
  V w = SPLAT(weight), rest = SPLAT(1 - weight);
  for (int64_t i = 0; i < width; ++i) {
    V v = SPLAT(columns[i].weight), u = SPLAT(1 - columns[i].weight);
    int64_t a = (int64_t)columns[i].low * ISOTACH_LANES, b = (int64_t)columns[i].high * ISOTACH_LANES;
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
      V value;
      // A number that does not count may be infinite.
      if (weight == 0 && columns[i].weight == 0) value = LOAD(low + a + h);
      else {
        V upper = LOAD(low + a + h) * u + LOAD(low + b + h) * v;
        V lower = LOAD(high + a + h) * u + LOAD(high + b + h) * v;
        value = upper * rest + lower * w;
      }
      STORE(y + i * ISOTACH_LANES + h, value);
    }
  }
}

// Sums of squares of `size` channels around those of `count` pixels: blocks before and behind may be NULL.
static void FN(lrn_sums)(int64_t size, float scale, float bias, const float *before, const float *x, const float *behind,
                         float *sums, int64_t count) {
  int64_t ahead = (size - 1) / 2;
  for (int64_t i = 0; i < count; ++i) {
    float squares[3 * ISOTACH_LANES];
    const float *sources[3] = {before, x, behind};
    for (int k = 0; k < 3; ++k)
      for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
        V v = sources[k] ? LOAD(sources[k] + i * ISOTACH_LANES + h) : (V){0};
        STORE(squares + k * ISOTACH_LANES + h, v * v);
      }
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
      V sum = {0};
      for (int64_t k = 0; k < size; ++k) sum += LOAD(squares + ISOTACH_LANES + h - ahead + k);
      STORE(sums + i * ISOTACH_LANES + h, sum * scale + bias);
    }
  }
}

// y = x / sums ^ (3/4)
static void FN(lrn_finish)(const float *x, const float *sums, float *y, int64_t count) {
  for (int64_t i = 0; i < count; i += VECTOR_LANES) {
    V s = __builtin_elementwise_sqrt(LOAD(sums + i));
    STORE(y + i, LOAD(x + i) / (s * __builtin_elementwise_sqrt(s)));
  }
}

static void FN(global_sum)(const float *plane, int64_t row_step, int64_t height, int64_t width, double *sums) {
  for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES)
    for (int64_t row = 0; row < height; ++row) {
      V even = {0}, odd = {0};
      const float *source = plane + row * row_step + h;
      int64_t i = 0;
      for (; i + 2 <= width; i += 2) {
        even += LOAD(source + i * ISOTACH_LANES);
        odd += LOAD(source + (i + 1) * ISOTACH_LANES);
      }
      if (i < width) even += LOAD(source + i * ISOTACH_LANES);
      float lanes[VECTOR_LANES];
      STORE(lanes, even + odd);
      for (int l = 0; l < VECTOR_LANES; ++l) sums[h + l] += (double)lanes[l];
    }
}
