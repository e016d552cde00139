#include "weights.h"

#include "arithmetic.h"

int64_t isotach_in_blocks(const isotach_convolution *s) {
  return s->channel_of_lane ? s->in_blocks : over(s->channels, ISOTACH_LANES);
}

int64_t isotach_out_blocks(const isotach_convolution *s) {
  return s->filter_of_lane ? s->out_blocks : over(s->filters, ISOTACH_LANES);
}

static inline int64_t number_of(const int32_t *of_lane, int64_t lane, int64_t count) {
  if (of_lane) return of_lane[lane];
  return lane < count ? lane : -1;
}

isotach_tap_map isotach_tap_map_of(const isotach_convolution *s) {
  int64_t count = s->kernel_y * s->kernel_x;
  return s->turned ? (isotach_tap_map){count, count - 1, -s->kernel_x, -1} : (isotach_tap_map){count, 0, s->kernel_x, 1};
}

const float *isotach_taps_of(const isotach_convolution *s, const isotach_tap_map *map, const float *w, int64_t f,
                             int64_t k) {
  int64_t groups = s->groups > 1 ? s->groups : 1;
  int64_t channels = groups == 1 ? s->channels : s->channels / groups;
  int64_t filters = groups == 1 ? s->filters : s->filters / groups;
  int64_t c = number_of(s->channel_of_lane, k, s->channels);
  f = number_of(s->filter_of_lane, f, s->filters);
  if (c < 0 || f < 0 || map->taps == 0) return 0;
  // Divisions cost more than all the rest.
  if (groups == 1) return w + (s->turned ? c * filters + f : f * channels + c) * map->taps;
  if (c / channels != f / filters) return 0;
  return w + (s->turned ? c * filters + f % filters : f * channels + c % channels) * map->taps;
}

void isotach_gather_taps(const isotach_convolution *s, const isotach_tap_map *map, const float *w, int64_t block,
                         int64_t k, float *taps, int64_t step) {
  for (int64_t l = 0; l < ISOTACH_LANES; ++l) {
    const float *source = isotach_taps_of(s, map, w, block * ISOTACH_LANES + l, k);
    float *target = taps + l;
    for (int64_t ky = 0; ky < s->kernel_y; ++ky)
      for (int64_t kx = 0; kx < s->kernel_x; ++kx, target += step)
        *target = source ? source[map->first + ky * map->step_y + kx * map->step_x] : 0;
  }
}

void isotach_gather_block(const isotach_convolution *s, const isotach_tap_map *map, const float *w, int64_t block,
                          int64_t in, float *taps) {
  int64_t count = s->kernel_y * s->kernel_x;
  // Filter by filter, or channel by channel when they are turned: the weights are read in their order.
  for (int64_t a = 0; a < ISOTACH_LANES; ++a)
    for (int64_t b = 0; b < ISOTACH_LANES; ++b) {
      int64_t l = s->turned ? b : a, k = s->turned ? a : b;
      const float *source = isotach_taps_of(s, map, w, block * ISOTACH_LANES + l, in * ISOTACH_LANES + k);
      float *target = taps + k * count * ISOTACH_LANES + l;
      if (source && count == 9 && map->step_x == 1) {
        for (int t = 0; t < 9; ++t) target[t * ISOTACH_LANES] = source[t];
        continue;
      }
      for (int64_t ky = 0; ky < s->kernel_y; ++ky)
        for (int64_t kx = 0; kx < s->kernel_x; ++kx, target += ISOTACH_LANES)
          *target = source ? source[map->first + ky * map->step_y + kx * map->step_x] : 0;
    }
}

void isotach_pack_bias(const isotach_convolution *s, const float *bias, int64_t block, float *target) {
  for (int64_t l = 0; l < ISOTACH_LANES; ++l) {
    int64_t f = number_of(s->filter_of_lane, block * ISOTACH_LANES + l, s->filters);
    target[l] = bias && f >= 0 ? bias[f] : 0;
  }
}
