#include <string.h>

#include "direct_tile.h"
#include "kernels.h"
#include "vectors.h"

// Numbers of a piece stay in the second-level cache.
enum { PIECE_FLOATS = 128 << 10 };

static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t over(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Zeros that a dimension needs behind it, so that windows do not reach the next row or image.
static int64_t gap(const isotach_window *w, int d) {
  int64_t behind = w->output[d] - w->before[d] + (w->kernel[d] - 1) * w->dilation[d] - w->input[d];
  return most(most(w->before[d], behind), most(w->output[d] - w->input[d], 0));
}

int isotach_direct_plan(const isotach_window *w, int64_t batch, int64_t channels, int64_t filters,
                        isotach_direct *plan) {
  *plan = (isotach_direct){.window = *w, .batch = batch, .channels = channels, .filters = filters};
  if (w->input[0] != 1 || w->output[0] != 1 || w->kernel[0] != 1 || w->before[0] != 0) return 0;
  if (w->stride[0] != 1 || w->stride[1] != 1 || w->stride[2] != 1 || w->before[1] < 0 || w->before[2] < 0) return 0;
  if (batch < 1 || channels < 1 || filters < 1) return 0;
  int64_t reach_x = (w->kernel[2] - 1) * w->dilation[2], reach_y = (w->kernel[1] - 1) * w->dilation[1];
  plan->column_pieces = w->output[2] > 512 ? over(w->output[2], 256) : 1;
  plan->piece_columns = over(w->output[2], plan->column_pieces);
  plan->pitch = plan->column_pieces > 1 ? plan->piece_columns + reach_x : w->input[2] + gap(w, 2);
  plan->image_rows = w->input[1] + gap(w, 1);
  plan->rows = batch * plan->image_rows;
  int64_t row_floats = (channels + filters) * plan->pitch;
  // Images with a few large numbers beside them (wide dilation) would waste most of the work.
  if (plan->image_rows * plan->pitch * plan->column_pieces > 3 * most(48, w->output[1] * w->output[2])) return 0;
  if (row_floats * (reach_y + 1) > 16 * (int64_t)PIECE_FLOATS) return 0;
  int64_t pieces = over(plan->rows * row_floats, PIECE_FLOATS);
  if (pieces * plan->column_pieces < 8) pieces = most(pieces, least(8, plan->rows * plan->pitch / 192));
  pieces = most(1, least(pieces, plan->rows));
  plan->piece_rows = over(plan->rows, pieces);
  plan->row_pieces = over(plan->rows, plan->piece_rows);
  // Few positions and many filters: the filters are shared out too.
  int64_t all = plan->row_pieces * plan->column_pieces;
  int64_t ranges = all >= 4 ? 1 : most(1, least(over(4, all), filters / 32));
  plan->piece_filters = over(over(filters, ranges), DIRECT_ROWS) * DIRECT_ROWS;
  plan->filter_pieces = over(filters, plan->piece_filters);
  return 1;
}

int64_t isotach_direct_pieces(const isotach_direct *p) { return p->row_pieces * p->column_pieces * p->filter_pieces; }

static int64_t taps(const isotach_direct *p) { return p->window.kernel[1] * p->window.kernel[2]; }

int64_t isotach_direct_packed(const isotach_direct *p) {
  return over(p->filters, DIRECT_ROWS) * DIRECT_ROWS * p->channels * taps(p);
}

static int64_t start_floats(const isotach_direct *p);

static const int64_t slack = DIRECT_VECTORS * DIRECT_MAX_LANES;

// Floats of the plane of one channel of a piece, and of the results of one filter.
static int64_t plane(const isotach_direct *p) {
  const isotach_window *w = &p->window;
  int64_t rows = p->piece_rows + (w->kernel[1] - 1) * w->dilation[1];
  return over(w->before[2] + rows * p->pitch + (w->kernel[2] - 1) * w->dilation[2] + slack, 16) * 16;
}
static int64_t result_plane(const isotach_direct *p) { return over(p->piece_rows * p->pitch + slack, 16) * 16; }

int64_t isotach_direct_scratch(const isotach_direct *p) {
  return start_floats(p) + over(p->channels * taps(p), 16) * 16 + p->channels * plane(p)
         + over(p->piece_filters, DIRECT_ROWS) * DIRECT_ROWS * result_plane(p);
}

// MARK: transposing

// target[j][i] = source[i][j] for 8 x 8.
#define TURN_8                                                                                                  \
  v8 a[8], b[8];                                                                                                \
  for (int i = 0; i < 8; ++i) a[i] = *(const v8u *)(source + i * source_step);                                  \
  for (int i = 0; i < 4; ++i) {                                                                                 \
    b[2 * i] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14);                      \
    b[2 * i + 1] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);                  \
  }                                                                                                             \
  for (int h = 0; h < 2; ++h)                                                                                   \
    for (int i = 0; i < 2; ++i) {                                                                               \
      a[4 * h + i] = __builtin_shufflevector(b[4 * h + i], b[4 * h + i + 2], 0, 1, 8, 9, 4, 5, 12, 13);         \
      a[4 * h + i + 2] = __builtin_shufflevector(b[4 * h + i], b[4 * h + i + 2], 2, 3, 10, 11, 6, 7, 14, 15);   \
    }                                                                                                           \
  for (int i = 0; i < 4; ++i) {                                                                                 \
    b[i] = __builtin_shufflevector(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);                                   \
    b[i + 4] = __builtin_shufflevector(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);                             \
  }                                                                                                             \
  for (int i = 0; i < 8; ++i) *(v8u *)(target + i * target_step) = b[i];

#if defined(__x86_64__)
TARGET_AVX2 static void turn_8_avx2(const float *source, int64_t source_step, float *target,
                                                            int64_t target_step) {
  TURN_8
}
#endif
static void turn_8_plain(const float *source, int64_t source_step, float *target, int64_t target_step) {
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 8; ++j) target[j * target_step + i] = source[i * source_step + j];
}

static inline void turn_4(const float *source, int64_t source_step, float *target, int64_t target_step) {
  v4 a[4], b[4];
  for (int i = 0; i < 4; ++i) a[i] = *(const v4u *)(source + i * source_step);
  for (int i = 0; i < 2; ++i) {
    b[2 * i] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 0, 4, 2, 6);
    b[2 * i + 1] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], 1, 5, 3, 7);
  }
  for (int i = 0; i < 2; ++i) {
    *(v4u *)(target + i * target_step) = __builtin_shufflevector(b[i], b[i + 2], 0, 1, 4, 5);
    *(v4u *)(target + (i + 2) * target_step) = __builtin_shufflevector(b[i], b[i + 2], 2, 3, 6, 7);
  }
}

// target[j * target_step + i] = source[i * source_step + j] for i < rows, j < columns.
static void turn(const float *source, int64_t source_step, int64_t rows, int64_t columns, float *target,
                 int64_t target_step) {
  void (*turn_8)(const float *, int64_t, float *, int64_t) = turn_8_plain;
#if defined(__x86_64__)
  if (isotach_cpu_level() >= 1) turn_8 = turn_8_avx2;
#endif
  int64_t i = 0;
  for (; i + 8 <= rows; i += 8) {
    int64_t j = 0;
    for (; j + 8 <= columns; j += 8)
      turn_8(source + i * source_step + j, source_step, target + j * target_step + i, target_step);
    if (j + 4 <= columns) {
      turn_4(source + i * source_step + j, source_step, target + j * target_step + i, target_step);
      turn_4(source + (i + 4) * source_step + j, source_step, target + j * target_step + i + 4, target_step);
      j += 4;
    }
    for (; j < columns; ++j)
      for (int64_t k = 0; k < 8; ++k) target[j * target_step + i + k] = source[(i + k) * source_step + j];
  }
  for (; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) target[j * target_step + i] = source[i * source_step + j];
}

void isotach_direct_pack(const isotach_direct *p, int turned, int64_t first_filter, int64_t last_filter,
                         const float *weights, float *packed) {
  int64_t kernel = taps(p), depth = p->channels * kernel;
  for (int64_t first = first_filter; first < last_filter; first += DIRECT_ROWS) {
    int64_t here = least(DIRECT_ROWS, p->filters - first);
    float *target = packed + first * depth;
    if (here < DIRECT_ROWS) memset(target, 0, (size_t)(DIRECT_ROWS * depth) * sizeof *target);
    if (!turned) {
      turn(weights + first * depth, depth, here, depth, target, DIRECT_ROWS);
      continue;
    }
    for (int64_t c = 0; c < p->channels; ++c) {
      const float *source = weights + (c * p->filters + first) * kernel;
      for (int64_t i = 0; i < here; ++i, source += kernel)
        for (int64_t k = 0; k < kernel; ++k) target[(c * kernel + kernel - 1 - k) * DIRECT_ROWS + i] = source[k];
    }
  }
}

// MARK: forward, and the gradient of the input

// The rows of the plane of a piece: where each begins in the first channel of x, or -1 for a row of zeros.
static void find_rows(const isotach_direct *p, int64_t first_row, int64_t plane_rows, int64_t x_step, int64_t *starts) {
  const isotach_window *w = &p->window;
  for (int64_t b = 0; b < plane_rows; ++b) {
    int64_t s = first_row + b - w->before[1];
    int64_t image = s < 0 ? -1 : s / p->image_rows, v = s - image * p->image_rows;
    int is_inside = s >= 0 && image < p->batch && v < w->input[1];
    starts[b] = is_inside ? image * x_step + v * w->input[2] : -1;
  }
}

// Rows are often a few floats long: no call for each.
static inline void copy(float *restrict target, const float *restrict source, int64_t count) {
  if (count >= 64) memcpy(target, source, (size_t)count * sizeof *target);
  else
    for (int64_t i = 0; i < count; ++i) target[i] = source[i];
}

static inline void clear(float *target, int64_t count) {
  if (count >= 64) memset(target, 0, (size_t)count * sizeof *target);
  else
    for (int64_t i = 0; i < count; ++i) target[i] = 0;
}

static int64_t all_plane_rows(const isotach_direct *p) {
  return p->piece_rows + (p->window.kernel[1] - 1) * p->window.dilation[1];
}
// Floats that hold the starts of the rows of a plane.
static int64_t start_floats(const isotach_direct *p) { return over(2 * all_plane_rows(p), 16) * 16; }

void isotach_direct_run(const isotach_direct *p, int64_t piece, const float *x, int64_t x_step, const float *packed,
                        const float *bias, float *y, int64_t y_step, float *scratch) {
  const isotach_window *w = &p->window;
  int64_t range = piece % p->filter_pieces, place = piece / p->filter_pieces;
  int64_t first_column = place % p->column_pieces * p->piece_columns;
  int64_t last_column = least(first_column + p->piece_columns, w->output[2]);
  int64_t first_row = place / p->column_pieces * p->piece_rows, last_row = least(first_row + p->piece_rows, p->rows);
  int64_t first_filter = range * p->piece_filters, last_filter = least(first_filter + p->piece_filters, p->filters);
  if (first_column >= last_column || first_row >= last_row || first_filter >= last_filter) return;
  int64_t rows = last_row - first_row, plane_rows = rows + (w->kernel[1] - 1) * w->dilation[1];
  int64_t depth = p->channels * taps(p), size = plane(p), result_size = result_plane(p);
  int64_t *starts = (int64_t *)scratch;
  scratch += start_floats(p);
  int32_t *offset = (int32_t *)scratch;
  float *planes = scratch + over(depth, 16) * 16, *results = planes + p->channels * size;

  // Column j of the plane is column origin + j of the input; in front of it lie `lead` zeros.
  int64_t origin = p->column_pieces > 1 ? first_column - w->before[2] : 0;
  int64_t lead = p->column_pieces > 1 ? 0 : w->before[2];
  int64_t from = most(0, -origin), to = most(from, least(p->pitch, w->input[2] - origin));
  find_rows(p, first_row, plane_rows, x_step, starts);
  for (int64_t c = 0; c < p->channels; ++c) {
    float *target = planes + c * size;
    for (int64_t i = 0; i < lead; ++i) *target++ = 0;
    const float *source = x + c * w->input[1] * w->input[2] + origin;
    for (int64_t b = 0; b < plane_rows; ++b) {
      float *row = target + b * p->pitch;
      if (starts[b] < 0) {
        clear(row, p->pitch);
        continue;
      }
      clear(row, from);
      copy(row + from, source + starts[b] + from, to - from);
      clear(row + to, p->pitch - to);
    }
  }
  int32_t *next = offset;
  for (int64_t c = 0; c < p->channels; ++c)
    for (int64_t ky = 0; ky < w->kernel[1]; ++ky)
      for (int64_t kx = 0; kx < w->kernel[2]; ++kx)
        *next++ = (int32_t)(c * size + ky * w->dilation[1] * p->pitch + kx * w->dilation[2]);

  int64_t count = (rows - 1) * p->pitch + last_column - first_column;
  int lanes = isotach_direct_lanes();
  for (int64_t q = 0; q < count;) {
    int vectors = (int)least(DIRECT_VECTORS, over(count - q, lanes));
    for (int64_t f = first_filter; f < last_filter; f += DIRECT_ROWS)
      isotach_direct_tile((int)(last_filter - f), vectors, depth, packed + f * depth, planes + q, offset,
                          results + (f - first_filter) * result_size + q, result_size);
    q += vectors * lanes;
  }

  for (int64_t f = first_filter; f < last_filter; ++f) {
    const float *result = results + (f - first_filter) * result_size;
    float value = bias ? bias[f] : 0;
    for (int64_t r = first_row; r < last_row; ++r, result += p->pitch) {
      int64_t image = r / p->image_rows, v = r - image * p->image_rows;
      if (v >= w->output[1]) continue;
      float *row = y + image * y_step + (f * w->output[1] + v) * w->output[2] + first_column;
      for (int64_t i = 0; i < last_column - first_column; ++i) row[i] = result[i] + value;
    }
  }
}

// MARK: gradient of the weights

int isotach_direct_gradient_plan(const isotach_window *window, int64_t batch, int64_t channels, int64_t filters,
                                 isotach_direct_gradient *plan) {
  *plan = (isotach_direct_gradient){.joined = 0};
  if (!isotach_direct_plan(window, batch, channels, filters, &plan->base)) return 0;
  isotach_direct *p = &plan->base;
  // Longer stretches than forward, but never with parts of columns.
  if (p->column_pieces > 1) return 0;
  plan->joined = window->dilation[2] == 1 ? window->kernel[2] : 1;
  plan->runs = taps(p) / plan->joined;
  plan->run = plan->joined * channels;
  plan->padded_run = over(plan->run, DIRECT_MAX_LANES) * DIRECT_MAX_LANES;
  plan->padded_filters = over(filters, DIRECT_ROWS) * DIRECT_ROWS;
  return 1;
}

int64_t isotach_direct_gradient_sums(const isotach_direct_gradient *g) {
  return g->runs * g->padded_filters * g->padded_run;
}

// Floats of the turned plane (channels innermost), and of the turned gradient.
static int64_t turned_plane(const isotach_direct_gradient *g) {
  const isotach_direct *p = &g->base;
  const isotach_window *w = &p->window;
  int64_t rows = p->piece_rows + (w->kernel[1] - 1) * w->dilation[1];
  int64_t cells = w->before[2] + rows * p->pitch + (w->kernel[2] - 1) * w->dilation[2];
  return over(cells * p->channels + slack, 16) * 16;
}

int64_t isotach_direct_gradient_scratch(const isotach_direct_gradient *g) {
  const isotach_direct *p = &g->base;
  int64_t positions = p->piece_rows * p->window.output[2];
  return start_floats(p) + over(positions, 16) * 16 + turned_plane(g) + over(g->padded_filters * positions, 16) * 16
         + DIRECT_ROWS * slack;
}

void isotach_direct_gradient_run(const isotach_direct_gradient *g, int64_t first_piece, int64_t last_piece,
                                 int64_t first, int64_t last, const float *x, int64_t x_step, const float *y,
                                 int64_t y_step, float *sums, float *scratch) {
  const isotach_direct *p = &g->base;
  const isotach_window *w = &p->window;
  int64_t channels = p->channels, most_positions = p->piece_rows * w->output[2];
  int64_t *starts = (int64_t *)scratch;
  scratch += start_floats(p);
  int32_t *offset = (int32_t *)scratch;
  float *turned = scratch + over(most_positions, 16) * 16, *seeds = turned + turned_plane(g);
  float *tile = seeds + over(g->padded_filters * most_positions, 16) * 16;
  int lanes = isotach_direct_lanes();
  int is_begun = 0;
  for (int64_t piece = first_piece; piece < last_piece; ++piece) {
    int64_t first_row = piece * p->piece_rows, last_row = least(first_row + p->piece_rows, p->rows);
    int64_t plane_rows = last_row - first_row + (w->kernel[1] - 1) * w->dilation[1];
    // The plane with its channels innermost.
    memset(turned, 0, (size_t)(w->before[2] * channels) * sizeof *turned);
    float *base = turned + w->before[2] * channels;
    find_rows(p, first_row, plane_rows, x_step, starts);
    for (int64_t b = 0; b < plane_rows; ++b) {
      float *row = base + b * p->pitch * channels;
      int64_t wide = starts[b] < 0 ? 0 : w->input[2];
      if (wide > 0) turn(x + starts[b], w->input[1] * w->input[2], channels, wide, row, channels);
      clear(row + wide * channels, (p->pitch - wide) * channels);
    }
    memset(base + plane_rows * p->pitch * channels, 0,
           (size_t)((w->kernel[2] - 1) * w->dilation[2] * channels) * sizeof *base);
    // The gradients of the real positions, blocks of filters innermost.
    int64_t positions = 0;
    for (int64_t r = first_row; r < last_row; ++r) {
      int64_t image = r / p->image_rows, v = r - image * p->image_rows;
      if (v >= w->output[1]) continue;
      for (int64_t f = first; f < last; f += DIRECT_ROWS) {
        int64_t here = least(DIRECT_ROWS, last - f);
        float *target = seeds + (f - first) * most_positions + positions * DIRECT_ROWS;
        if (here < DIRECT_ROWS) memset(target, 0, (size_t)(w->output[2] * DIRECT_ROWS) * sizeof *target);
        turn(y + image * y_step + (f * w->output[1] + v) * w->output[2], w->output[1] * w->output[2], here,
             w->output[2], target, DIRECT_ROWS);
      }
      for (int64_t i = 0; i < w->output[2]; ++i)
        offset[positions + i] = (int32_t)(((r - first_row) * p->pitch + i) * channels);
      positions += w->output[2];
    }
    if (positions == 0) continue;
    for (int64_t run = 0; run < g->runs; ++run) {
      int64_t ky = run * g->joined / w->kernel[2], kx = run * g->joined % w->kernel[2];
      const float *line = turned + (ky * w->dilation[1] * p->pitch + kx * w->dilation[2]) * channels;
      for (int64_t q = 0; q < g->run;) {
        int vectors = (int)least(DIRECT_VECTORS, over(g->run - q, lanes));
        int64_t wide = least(vectors * lanes, g->run - q);
        for (int64_t f = first; f < last; f += DIRECT_ROWS) {
          isotach_direct_tile((int)(last - f), vectors, positions, seeds + (f - first) * most_positions, line + q, offset,
                              tile, slack);
          for (int64_t i = 0; i < least(DIRECT_ROWS, last - f); ++i) {
            float *sum = sums + (run * g->padded_filters + f + i) * g->padded_run + q;
            if (is_begun)
              for (int64_t j = 0; j < wide; ++j) sum[j] += tile[i * slack + j];
            else
              for (int64_t j = 0; j < wide; ++j) sum[j] = tile[i * slack + j];
          }
        }
        q += vectors * lanes;
      }
    }
    is_begun = 1;
  }
  // Rows that lie between images contribute nothing.
  if (!is_begun)
    for (int64_t run = 0; run < g->runs; ++run)
      for (int64_t f = first; f < last; ++f)
        memset(sums + (run * g->padded_filters + f) * g->padded_run, 0, (size_t)g->run * sizeof *sums);
}

void isotach_direct_gradient_finish(const isotach_direct_gradient *g, int64_t parts, const float *sums, int64_t first,
                                    int64_t last, float *weights) {
  int64_t channels = g->base.channels, kernel = taps(&g->base), size = isotach_direct_gradient_sums(g);
  for (int64_t f = first; f < last; ++f)
    for (int64_t run = 0; run < g->runs; ++run)
      for (int64_t j = 0; j < g->joined; ++j) {
        const float *sum = sums + (run * g->padded_filters + f) * g->padded_run + j * channels;
        float *target = weights + f * channels * kernel + run * g->joined + j;
        for (int64_t c = 0; c < channels; ++c) {
          float total = sum[c];
          for (int64_t part = 1; part < parts; ++part) total += sum[part * size + c];
          target[c * kernel] = total;
        }
      }
}
