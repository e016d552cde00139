#include <math.h>
#include <string.h>

#include "kernels.h"
#include "vectors.h"

#define TEMPLATE "../pooling_template.h"
#include "blocked/each_isa.h"

typedef isotach_window window;

// The kernel positions [first, last) of one dimension that are inside the input for output position `at`.
static inline void inside(const window *w, int d, int64_t at, int64_t *first, int64_t *last, int64_t *origin) {
  int64_t start = at * w->stride[d] - w->before[d], step = w->dilation[d];
  *first = start < 0 ? (-start + step - 1) / step : 0;
  int64_t room = w->input[d] - start;
  *last = room <= 0 ? 0 : (room + step - 1) / step;
  if (*last > w->kernel[d]) *last = w->kernel[d];
  if (*first > *last) *first = *last;
  *origin = start;
}

// How many kernel positions are inside input and padding.
static inline int64_t padded(const window *w, int d, int64_t at) {
  int64_t start = at * w->stride[d] - w->before[d], room = w->input[d] + w->after[d] - start;
  int64_t count = room <= 0 ? 0 : (room + w->dilation[d] - 1) / w->dilation[d];
  return count < w->kernel[d] ? count : w->kernel[d];
}

// Two by two without padding, the window of most networks.
static int is_half(const window *w) {
  return w->kernel[0] == 1 && w->stride[0] == 1 && w->before[0] == 0 && w->input[0] == w->output[0] && w->kernel[1] == 2
         && w->kernel[2] == 2 && w->stride[1] == 2 && w->stride[2] == 2 && w->before[1] == 0 && w->before[2] == 0
         && w->dilation[1] == 1 && w->dilation[2] == 1 && 2 * w->output[1] <= w->input[1]
         && 2 * w->output[2] <= w->input[2];
}

static void max_half(const window *w, const float *source, float *target, float *places) {
  int64_t row = w->input[2], plane = w->input[1] * row;
  for (int64_t z = 0; z < w->output[0]; ++z)
    for (int64_t y = 0; y < w->output[1]; ++y) {
      int64_t base = z * plane + 2 * y * row;
      const float *upper = source + base, *lower = upper + row;
      for (int64_t x = 0; x < w->output[2]; ++x) {
        float best = upper[2 * x];
        int64_t place = base + 2 * x;
        float b = upper[2 * x + 1], c = lower[2 * x], d = lower[2 * x + 1];
        int better = b > best || b != b;
        best = better ? b : best, place = better ? base + 2 * x + 1 : place;
        better = c > best || c != c;
        best = better ? c : best, place = better ? base + row + 2 * x : place;
        better = d > best || d != d;
        best = better ? d : best, place = better ? base + row + 2 * x + 1 : place;
        *target++ = best;
        if (places) *places++ = (float)place;
      }
    }
}

void isotach_max_pool(const window *w, const float *source, float *target, float *places) {
  if (is_half(w)) {
    max_half(w, source, target, places);
    return;
  }
  for (int64_t z = 0; z < w->output[0]; ++z)
    for (int64_t y = 0; y < w->output[1]; ++y)
      for (int64_t x = 0; x < w->output[2]; ++x) {
        int64_t z0, z1, zs, y0, y1, ys, x0, x1, xs;
        inside(w, 0, z, &z0, &z1, &zs);
        inside(w, 1, y, &y0, &y1, &ys);
        inside(w, 2, x, &x0, &x1, &xs);
        float best = -INFINITY;
        int64_t place = 0;
        int found = 0;
        for (int64_t a = z0; a < z1; ++a)
          for (int64_t b = y0; b < y1; ++b)
            for (int64_t c = x0; c < x1; ++c) {
              int64_t at = ((zs + a * w->dilation[0]) * w->input[1] + ys + b * w->dilation[1]) * w->input[2] + xs
                           + c * w->dilation[2];
              float value = source[at];
              if (!found || value > best || value != value) {
                best = value;
                place = at;
                found = 1;
              }
            }
        *target++ = best;
        if (places) *places++ = (float)place;
      }
}

void isotach_max_pool_half(const float *source, int64_t width, int64_t out_height, int64_t out_width, float *target) {
  int level = isotach_cpu_level();
  for (int64_t y = 0; y < out_height; ++y, source += 2 * width, target += out_width)
    OF_LEVEL(level, half_row)(source, source + width, target, out_width);
}

void isotach_max_pool_half_gradient(const float *source, const float *seeds, int64_t height, int64_t width,
                                    int64_t out_height, int64_t out_width, float *target) {
  int level = isotach_cpu_level();
  for (int64_t y = 0; y < out_height; ++y, source += 2 * width, seeds += out_width, target += 2 * width) {
    OF_LEVEL(level, half_gradient_row)(source, source + width, seeds, target, target + width, out_width);
    for (int64_t x = 2 * out_width; x < width; ++x) target[x] = target[width + x] = 0;
  }
  memset(target, 0, (size_t)((height - 2 * out_height) * width) * sizeof *target);
}

void isotach_scatter_places(const float *seeds, const float *places, int64_t count, float *target,
                            int64_t target_count) {
  memset(target, 0, (size_t)target_count * sizeof *target);
  for (int64_t i = 0; i < count; ++i) {
    float place = places[i];
    if (place >= 0 && place < (float)target_count) target[(int64_t)place] += seeds[i];
  }
}

void isotach_average_pool(const window *w, int count_padding, const float *source, float *target) {
  for (int64_t z = 0; z < w->output[0]; ++z)
    for (int64_t y = 0; y < w->output[1]; ++y)
      for (int64_t x = 0; x < w->output[2]; ++x) {
        int64_t z0, z1, zs, y0, y1, ys, x0, x1, xs;
        inside(w, 0, z, &z0, &z1, &zs);
        inside(w, 1, y, &y0, &y1, &ys);
        inside(w, 2, x, &x0, &x1, &xs);
        double sum = 0;
        for (int64_t a = z0; a < z1; ++a)
          for (int64_t b = y0; b < y1; ++b) {
            const float *line
                = source + ((zs + a * w->dilation[0]) * w->input[1] + ys + b * w->dilation[1]) * w->input[2] + xs;
            for (int64_t c = x0; c < x1; ++c) sum += (double)line[c * w->dilation[2]];
          }
        int64_t count = count_padding ? padded(w, 0, z) * padded(w, 1, y) * padded(w, 2, x)
                                      : (z1 - z0) * (y1 - y0) * (x1 - x0);
        *target++ = count > 0 ? (float)(sum / (double)count) : 0;
      }
}

void isotach_average_pool_gradient(const window *w, int count_padding, const float *seeds, float *target) {
  memset(target, 0, (size_t)(w->input[0] * w->input[1] * w->input[2]) * sizeof *target);
  for (int64_t z = 0; z < w->output[0]; ++z)
    for (int64_t y = 0; y < w->output[1]; ++y)
      for (int64_t x = 0; x < w->output[2]; ++x) {
        int64_t z0, z1, zs, y0, y1, ys, x0, x1, xs;
        inside(w, 0, z, &z0, &z1, &zs);
        inside(w, 1, y, &y0, &y1, &ys);
        inside(w, 2, x, &x0, &x1, &xs);
        int64_t count = count_padding ? padded(w, 0, z) * padded(w, 1, y) * padded(w, 2, x)
                                      : (z1 - z0) * (y1 - y0) * (x1 - x0);
        float share = *seeds++;
        if (count <= 0) continue;
        share = (float)((double)share / (double)count);
        for (int64_t a = z0; a < z1; ++a)
          for (int64_t b = y0; b < y1; ++b) {
            float *line
                = target + ((zs + a * w->dilation[0]) * w->input[1] + ys + b * w->dilation[1]) * w->input[2] + xs;
            for (int64_t c = x0; c < x1; ++c) line[c * w->dilation[2]] += share;
          }
      }
}
