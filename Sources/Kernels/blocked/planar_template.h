#include "turn_template.h"

#include "epilogue_values_template.h"

static void FN(gather)(const isotach_planar *p, const isotach_blocked *x, int64_t block, int64_t image, int64_t y0,
                       int64_t rows, int64_t x0, int64_t columns, float *planes) {
  int64_t left = -x->halo_x - x0, right = x->width + x->halo_x - x0;
  left = left < 0 ? 0 : left > columns ? columns : left;
  right = right < left ? left : right > columns ? columns : right;
  const float *corner = x->data + block * x->block_step + image * x->image_step + x0 * ISOTACH_LANES;
  for (int64_t i = 0; i < rows; ++i) {
    int64_t row = y0 + i, is_there = row >= -x->halo_y && row < x->height + x->halo_y;
    int64_t begin = is_there ? left : columns, end = is_there ? right : columns;
    float *target = planes + i * p->pitch;
    const float *source = corner + row * x->row_step;
    for (int64_t c = 0; c < p->depth; ++c) {
      for (int64_t j = 0; j < begin; ++j) target[c * p->plane_step + j] = 0;
      for (int64_t j = end; j < columns; ++j) target[c * p->plane_step + j] = 0;
    }
    if (end - begin < 16) {
      for (int64_t j = begin; j < end; ++j)
        for (int64_t c = 0; c < p->depth; ++c) target[c * p->plane_step + j] = source[j * ISOTACH_LANES + c];
      continue;
    }
    for (int64_t j = begin;;) {
      v16 a[16];
      UNROLL for (int64_t c = 0; c < 16; ++c) a[c] = *(const v16u *)(source + (j + c) * ISOTACH_LANES);
      FN(turn_16)(a);
      if (p->depth == 16)
        UNROLL for (int64_t c = 0; c < 16; ++c) *(v16u *)(target + c * p->plane_step + j) = a[c];
      else
        for (int64_t c = 0; c < p->depth; ++c) *(v16u *)(target + c * p->plane_step + j) = a[c];
      if (j + 16 >= end) break;
      // The last 16 may have been there before.
      j = j + 32 <= end ? j + 16 : end - 16;
    }
  }
}

// Rows of x are read once for all sums that they are a part of.
#define PLANE(KY)                                                                                               \
  static void FN(plane_##KY)(const isotach_planar *p, const float *plane, const float *b, float *sums, int adds) { \
    V sum[ISOTACH_PLANAR_ROWS][2];                                                                              \
    for (int r = 0; r < ISOTACH_PLANAR_ROWS; ++r)                                                               \
      for (int j = 0; j < 2; ++j)                                                                               \
        sum[r][j] = adds ? LOAD(sums + r * p->sums_step + j * VECTOR_LANES) : (V){0};                           \
    for (int64_t c = 0; c < p->depth; ++c, plane += p->plane_step)                                              \
      for (int64_t kx = 0; kx < p->kernel_x; ++kx, b += KY) {                                                   \
        const float *line = plane + kx * p->dilation_x;                                                         \
        V weight[KY];                                                                                           \
        for (int k = 0; k < KY; ++k) weight[k] = SPLAT(b[k]);                                                   \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ISOTACH_PLANAR_ROWS + KY - 1; ++i)               \
            _Pragma("clang loop unroll(full)") for (int j = 0; j < 2; ++j) {                                    \
          V value = LOAD(line + i * p->pitch + j * VECTOR_LANES);                                               \
          _Pragma("clang loop unroll(full)") for (int r = 0; r < ISOTACH_PLANAR_ROWS; ++r)                      \
            if (i - r >= 0 && i - r < KY) sum[r][j] = FMA(weight[i - r], value, sum[r][j]);                     \
        }                                                                                                       \
      }                                                                                                         \
    for (int r = 0; r < ISOTACH_PLANAR_ROWS; ++r)                                                               \
      for (int j = 0; j < 2; ++j) STORE(sums + r * p->sums_step + j * VECTOR_LANES, sum[r][j]);                 \
  }
PLANE(1)
PLANE(3)
PLANE(5)
PLANE(7)
PLANE(9)
#undef PLANE

static void FN(plane_any)(const isotach_planar *p, const float *plane, const float *b, float *sums, int adds) {
  V sum[ISOTACH_PLANAR_ROWS][2];
  for (int r = 0; r < ISOTACH_PLANAR_ROWS; ++r)
    for (int j = 0; j < 2; ++j) sum[r][j] = adds ? LOAD(sums + r * p->sums_step + j * VECTOR_LANES) : (V){0};
  for (int64_t c = 0; c < p->depth; ++c, plane += p->plane_step)
    for (int64_t kx = 0; kx < p->kernel_x; ++kx)
      for (int64_t ky = 0; ky < p->kernel_y; ++ky, ++b) {
        const float *line = plane + kx * p->dilation_x + ky * p->dilation_y * p->pitch;
        V weight = SPLAT(*b);
        for (int r = 0; r < ISOTACH_PLANAR_ROWS; ++r)
          for (int j = 0; j < 2; ++j)
            sum[r][j] = FMA(weight, LOAD(line + r * p->pitch + j * VECTOR_LANES), sum[r][j]);
      }
  for (int r = 0; r < ISOTACH_PLANAR_ROWS; ++r)
    for (int j = 0; j < 2; ++j) STORE(sums + r * p->sums_step + j * VECTOR_LANES, sum[r][j]);
}

static void FN(sums)(const isotach_planar *p, int64_t rows, int64_t columns, const float *planes, const float *b,
                     float *sums, int adds) {
  void (*tile)(const isotach_planar *, const float *, const float *, float *, int) = FN(plane_any);
  if (p->dilation_y == 1 || p->kernel_y == 1) {
    switch (p->kernel_y) {
    case 1: tile = FN(plane_1); break;
    case 3: tile = FN(plane_3); break;
    case 5: tile = FN(plane_5); break;
    case 7: tile = FN(plane_7); break;
    case 9: tile = FN(plane_9); break;
    default: break;
    }
  }
  for (int64_t i = 0; i < rows; i += ISOTACH_PLANAR_ROWS)
    for (int64_t j = 0; j < columns; j += 2 * VECTOR_LANES)
      tile(p, planes + i * p->pitch + j, b, sums + i * p->sums_step + j, adds);
}

static void FN(finish_line)(int64_t columns, const float *sums, float bias, const float *residual,
                            const isotach_epilogue *e, float *y) {
  FN(finish_values) finish = FN(finish_of)(e);
  V offset = SPLAT(bias);
  for (int64_t j = 0; j < columns; j += VECTOR_LANES) {
    V v = LOAD(sums + j) + offset;
    if (j + VECTOR_LANES <= columns) {
      if (residual) v += LOAD(residual + j);
      STORE(y + j, FN(finish)(v, &finish));
      continue;
    }
    float line[VECTOR_LANES];
    STORE(line, v);
    for (int64_t k = 0; residual && k < columns - j; ++k) line[k] += residual[j + k];
    STORE(line, FN(finish)(LOAD(line), &finish));
    for (int64_t k = 0; k < columns - j; ++k) y[j + k] = line[k];
  }
}
