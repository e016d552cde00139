#include "../vectors.h"
#include "kernels.h"
#include "window.h"

static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t over(int64_t a, int64_t b) { return (a + b - 1) / b; }

#define TEMPLATE "depthwise_template.h"
#include "each_isa.h"

int isotach_depthwise_plan(const isotach_convolution *shape, isotach_depthwise *p) {
  *p = (isotach_depthwise){.shape = *shape, .level = isotach_cpu_level()};
  isotach_convolution *s = &p->shape;
  s->stride_y = most(s->stride_y, 1), s->stride_x = most(s->stride_x, 1);
  s->dilation_y = most(s->dilation_y, 1), s->dilation_x = most(s->dilation_x, 1);
  if (s->images < 1 || s->channels < 1 || s->out_height < 1 || s->out_width < 1) return 0;
  if (s->kernel_y < 1 || s->kernel_x < 1 || s->channel_of_lane || s->filter_of_lane) return 0;
  return s->channels == s->filters && most(s->groups, 1) == s->channels;
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
