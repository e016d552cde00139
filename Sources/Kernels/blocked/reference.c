#include "kernels.h"

static inline int64_t one_at_least(int64_t x) { return x < 1 ? 1 : x; }

void isotach_convolution_reference(const isotach_convolution *s, const float *x, const float *w, const float *bias,
                                   const float *residual, const isotach_epilogue *e, float *y) {
  int64_t groups = one_at_least(s->groups), channels = s->channels / groups, filters = s->filters / groups;
  int64_t stride_y = one_at_least(s->stride_y), stride_x = one_at_least(s->stride_x);
  int64_t dilation_y = one_at_least(s->dilation_y), dilation_x = one_at_least(s->dilation_x);
  int64_t taps = s->kernel_y * s->kernel_x;
  for (int64_t n = 0; n < s->images; ++n)
    for (int64_t f = 0; f < s->filters; ++f)
      for (int64_t i = 0; i < s->out_height; ++i)
        for (int64_t j = 0; j < s->out_width; ++j) {
          double sum = bias ? bias[f] : 0;
          for (int64_t k = 0; k < channels; ++k)
            for (int64_t t = 0; t < taps; ++t) {
              int64_t row = i * stride_y - s->before_y + t / s->kernel_x * dilation_y;
              int64_t column = j * stride_x - s->before_x + t % s->kernel_x * dilation_x;
              if (row < 0 || row >= s->height || column < 0 || column >= s->width) continue;
              int64_t c = f / filters * channels + k;
              double weight = s->turned ? w[(c * filters + f % filters) * taps + taps - 1 - t]
                                        : w[(f * channels + k) * taps + t];
              sum += weight * x[((n * s->channels + c) * s->height + row) * s->width + column];
            }
          int64_t at = ((n * s->filters + f) * s->out_height + i) * s->out_width + j;
          if (residual) sum += residual[at];
          if (e->activation == ISOTACH_RELU) sum = sum < 0 ? 0 : sum;
          if (e->activation == ISOTACH_LEAKY) sum = sum < 0 ? sum * e->slope : sum;
          if (e->activation == ISOTACH_CLIP) sum = sum < e->low ? e->low : sum > e->high ? e->high : sum;
          y[at] = (float)sum;
        }
}

void isotach_transposed_reference(const isotach_convolution *s, const float *x, const float *w, const float *bias,
                                  float *y) {
  int64_t groups = one_at_least(s->groups), channels = s->channels / groups, filters = s->filters / groups;
  int64_t stride_y = one_at_least(s->stride_y), stride_x = one_at_least(s->stride_x);
  for (int64_t n = 0; n < s->images; ++n)
    for (int64_t f = 0; f < s->filters; ++f)
      for (int64_t i = 0; i < s->out_height; ++i)
        for (int64_t j = 0; j < s->out_width; ++j) {
          double sum = bias ? bias[f] : 0;
          for (int64_t c = f / filters * channels; c < (f / filters + 1) * channels; ++c)
            for (int64_t ky = 0; ky < s->kernel_y; ++ky)
              for (int64_t kx = 0; kx < s->kernel_x; ++kx) {
                int64_t row = i + s->before_y - ky, column = j + s->before_x - kx;
                if (row < 0 || column < 0 || row % stride_y || column % stride_x) continue;
                if (row / stride_y >= s->height || column / stride_x >= s->width) continue;
                double weight = w[((c * filters + f % filters) * s->kernel_y + ky) * s->kernel_x + kx];
                sum += weight
                       * x[((n * s->channels + c) * s->height + row / stride_y) * s->width + column / stride_x];
              }
          y[((n * s->filters + f) * s->out_height + i) * s->out_width + j] = (float)sum;
        }
}

void isotach_weight_gradient_reference(const isotach_convolution *s, const float *x, const float *dy, float *dw) {
  int64_t groups = one_at_least(s->groups), channels = s->channels / groups, filters = s->filters / groups;
  int64_t stride_y = one_at_least(s->stride_y), stride_x = one_at_least(s->stride_x);
  int64_t dilation_y = one_at_least(s->dilation_y), dilation_x = one_at_least(s->dilation_x);
  int64_t taps = s->kernel_y * s->kernel_x;
  for (int64_t f = 0; f < s->filters; ++f)
    for (int64_t k = 0; k < channels; ++k)
      for (int64_t t = 0; t < taps; ++t) {
        double sum = 0;
        int64_t c = f / filters * channels + k;
        for (int64_t n = 0; n < s->images; ++n)
          for (int64_t i = 0; i < s->out_height; ++i)
            for (int64_t j = 0; j < s->out_width; ++j) {
              int64_t row = i * stride_y - s->before_y + t / s->kernel_x * dilation_y;
              int64_t column = j * stride_x - s->before_x + t % s->kernel_x * dilation_x;
              if (row < 0 || row >= s->height || column < 0 || column >= s->width) continue;
              sum += (double)dy[((n * s->filters + f) * s->out_height + i) * s->out_width + j]
                     * x[((n * s->channels + c) * s->height + row) * s->width + column];
            }
        dw[(f * channels + k) * taps + t] = (float)sum;
      }
}
