#include "../vectors.h"
#include "arithmetic.h"
#include "pixels.h"
#include "window.h"

#define TEMPLATE "depthwise_template.h"
#include "each_isa.h"

int isotach_depthwise_plan(const isotach_convolution *shape, isotach_depthwise *p) {
  *p = (isotach_depthwise){.shape = *shape, .level = isotach_cpu_level()};
  isotach_convolution *s = &p->shape;
  if (!isotach_complete(s) || s->channel_of_lane || s->filter_of_lane) return 0;
  return s->channels == s->filters && s->groups == s->channels;
}

int64_t isotach_depthwise_packed(const isotach_depthwise *p) {
  return over(p->shape.channels, ISOTACH_LANES) * ISOTACH_LANES * (1 + p->shape.kernel_y * p->shape.kernel_x);
}

void isotach_depthwise_pack(const isotach_depthwise *p, const float *w, const float *bias, float *packed) {
  int64_t taps = p->shape.kernel_y * p->shape.kernel_x, lanes = over(p->shape.channels, ISOTACH_LANES) * ISOTACH_LANES;
  for (int64_t c = 0; c < lanes; ++c) {
    int is_there = c < p->shape.channels;
    packed[c] = is_there && bias ? bias[c] : 0;
    float *target = packed + lanes + c / ISOTACH_LANES * taps * ISOTACH_LANES + c % ISOTACH_LANES;
    for (int64_t t = 0; t < taps; ++t)
      target[t * ISOTACH_LANES] = is_there ? w[c * taps + (p->shape.turned ? taps - 1 - t : t)] : 0;
  }
}

void isotach_depthwise_run(const isotach_depthwise *p, int64_t first, int64_t last, const isotach_blocked *x,
                           const float *packed, const isotach_epilogue *e, const isotach_blocked *y) {
  OF_LEVEL(p->level, depthwise_rows)(p, first, last, x, packed, e, y);
}

void isotach_depthwise_gradient(const isotach_depthwise *p, const isotach_blocked *x, const isotach_blocked *dy,
                                float *dw, int64_t first, int64_t last) {
  const isotach_convolution *s = &p->shape;
  int64_t taps = s->kernel_y * s->kernel_x;
  for (int64_t block = first; block < last; ++block)
    for (int64_t t = 0; t < taps; ++t) {
      int64_t at_x = t % s->kernel_x * s->dilation_x - s->before_x, from, to;
      isotach_whole_windows(s->out_width, s->stride_x, -at_x, 0, -x->halo_x, x->width + x->halo_x, &from, &to);
      double total[ISOTACH_LANES] = {0};
      for (int64_t row = 0; row < s->images * s->out_height; ++row) {
        int64_t image = row / s->out_height, i = row % s->out_height;
        int64_t at_y = i * s->stride_y - s->before_y + t / s->kernel_x * s->dilation_y;
        if (at_y < -x->halo_y || at_y >= x->height + x->halo_y) continue;
        const float *source = x->data + block * x->block_step + image * x->image_step + at_y * x->row_step;
        const float *seeds = dy->data + block * dy->block_step + image * dy->image_step + i * dy->row_step;
        OF_LEVEL(p->level, depthwise_products)(source + at_x * ISOTACH_LANES, seeds, s->stride_x, from, to, total);
      }
      for (int64_t l = 0; l < ISOTACH_LANES && block * ISOTACH_LANES + l < s->channels; ++l)
        dw[(block * ISOTACH_LANES + l) * taps + t] = (float)total[l];
    }
}
