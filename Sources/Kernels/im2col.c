#include <string.h>

#include "kernels.h"

typedef isotach_window window;

static inline int64_t at_least(int64_t x, int64_t least) { return x < least ? least : x; }
static inline int64_t at_most(int64_t x, int64_t most) { return x > most ? most : x; }

// Output positions x of a row with a cell inside the input: those with 0 <= start + x * stride < extent.
static inline void reach(int64_t start, int64_t stride, int64_t extent, int64_t from, int64_t to, int64_t *first,
                         int64_t *last) {
  int64_t low = start < 0 ? (-start + stride - 1) / stride : 0;
  int64_t high = extent - start <= 0 ? 0 : (extent - start + stride - 1) / stride;
  *first = at_most(at_least(low, from), to);
  *last = at_least(at_most(high, to), *first);
}

// Calls LINE for every stretch of a row of outputs, with the input line that it reads (null outside).
#define FOR_EACH_LINE(LINE)                                                                                     \
  int64_t plane = w->input[1] * w->input[2], wide = w->output[2], count = last - first;                         \
  for (int64_t c = 0; c < channels; ++c)                                                                        \
    for (int64_t kz = 0; kz < w->kernel[0]; ++kz)                                                               \
      for (int64_t ky = 0; ky < w->kernel[1]; ++ky)                                                             \
        for (int64_t kx = 0; kx < w->kernel[2]; ++kx, columns += count)                                         \
          for (int64_t p = first; p < last;) {                                                                  \
            int64_t row = p / wide, x = p - row * wide, end = at_most(wide, x + last - p);                      \
            int64_t z = (row / w->output[1]) * w->stride[0] - w->before[0] + kz * w->dilation[0];               \
            int64_t y = (row % w->output[1]) * w->stride[1] - w->before[1] + ky * w->dilation[1];               \
            int64_t start = kx * w->dilation[2] - w->before[2], step = w->stride[2], from, to;                  \
            int is_inside = z >= 0 && z < w->input[0] && y >= 0 && y < w->input[1];                             \
            reach(start, step, w->input[2], x, end, &from, &to);                                                \
            LINE;                                                                                               \
            p += end - x;                                                                                       \
          }

void isotach_im2col(const window *w, int64_t channels, const float *source, int64_t first, int64_t last,
                    float *columns) {
  FOR_EACH_LINE({
    float *target = columns + (p - first) - x;
    if (!is_inside) {
      memset(target + x, 0, (size_t)(end - x) * sizeof *target);
    } else {
      const float *line = source + c * w->input[0] * plane + z * plane + y * w->input[2] + start;
      for (int64_t i = x; i < from; ++i) target[i] = 0;
      if (step == 1) memcpy(target + from, line + from, (size_t)(to - from) * sizeof *target);
      else
        for (int64_t i = from; i < to; ++i) target[i] = line[i * step];
      for (int64_t i = to; i < end; ++i) target[i] = 0;
    }
  })
}

void isotach_col2im_add(const window *w, int64_t channels, const float *columns, int64_t first, int64_t last,
                        float *target) {
  FOR_EACH_LINE({
    if (is_inside) {
      const float *values = columns + (p - first) - x;
      float *line = target + c * w->input[0] * plane + z * plane + y * w->input[2] + start;
      if (step == 1)
        for (int64_t i = from; i < to; ++i) line[i] += values[i];
      else
        for (int64_t i = from; i < to; ++i) line[i * step] += values[i];
    }
  })
}
