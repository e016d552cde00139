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

static void FN(gather_plain)(const isotach_planar *p, const float *x, int64_t height, int64_t width, int64_t y0,
                             int64_t rows, int64_t x0, int64_t columns, float *planes) {
  int64_t left = x0 < 0 ? -x0 : 0, right = width - x0;
  left = left > columns ? columns : left;
  right = right < left ? left : right > columns ? columns : right;
  for (int64_t c = 0; c < p->depth; ++c)
    for (int64_t i = 0; i < rows; ++i) {
      int64_t row = y0 + i, is_there = row >= 0 && row < height;
      int64_t begin = is_there ? left : columns, end = is_there ? right : columns;
      float *target = planes + c * p->plane_step + i * p->pitch;
      const float *source = x + (c * height + row) * width + x0;
      for (int64_t j = 0; j < begin; ++j) target[j] = 0;
      int64_t j = begin;
      for (; j + VECTOR_LANES <= end; j += VECTOR_LANES) STORE(target + j, LOAD(source + j));
      for (; j < end; ++j) target[j] = source[j];
      for (; j < columns; ++j) target[j] = 0;
    }
}

// Rows of x are read once for all sums that they are a part of. FILTERS kernels, b_step apart, of ROWS rows of sums,
// which lie c_step apart: so many chains of additions that none waits for itself.
#define PLANE(KY, ROWS, FILTERS)                                                                                \
  static void FN(plane_##KY##_##ROWS##_##FILTERS)(const isotach_planar *p, const float *plane, const float *b,  \
                                                  int64_t b_step, float *sums, int64_t c_step, int adds) {      \
    V sum[FILTERS][ROWS][2];                                                                                    \
    for (int f = 0; f < FILTERS; ++f)                                                                           \
      for (int r = 0; r < ROWS; ++r)                                                                            \
        for (int j = 0; j < 2; ++j)                                                                             \
          sum[f][r][j] = adds ? LOAD(sums + f * c_step + r * p->sums_step + j * VECTOR_LANES) : (V){0};         \
    for (int64_t c = 0; c < p->depth; ++c, plane += p->plane_step)                                              \
      for (int64_t kx = 0; kx < p->kernel_x; ++kx, b += KY) {                                                   \
        const float *line = plane + kx * p->dilation_x;                                                         \
        V weight[FILTERS][KY];                                                                                  \
        for (int f = 0; f < FILTERS; ++f)                                                                       \
          for (int k = 0; k < KY; ++k) weight[f][k] = SPLAT(b[f * b_step + k]);                                 \
        UNROLL for (int i = 0; i < ROWS + KY - 1; ++i) UNROLL for (int j = 0; j < 2; ++j) {                     \
          V value = LOAD(line + i * p->pitch + j * VECTOR_LANES);                                               \
          UNROLL for (int f = 0; f < FILTERS; ++f) UNROLL for (int r = 0; r < ROWS; ++r)                        \
            if (i - r >= 0 && i - r < KY) sum[f][r][j] = FMA(weight[f][i - r], value, sum[f][r][j]);            \
        }                                                                                                       \
      }                                                                                                         \
    for (int f = 0; f < FILTERS; ++f)                                                                           \
      for (int r = 0; r < ROWS; ++r)                                                                            \
        for (int j = 0; j < 2; ++j)                                                                             \
          STORE(sums + f * c_step + r * p->sums_step + j * VECTOR_LANES, sum[f][r][j]);                         \
  }

static void FN(plane_any)(const isotach_planar *p, const float *plane, const float *b, int64_t b_step, float *sums,
                          int64_t c_step, int adds) {
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

// Tiles of 4 rows, of 8, and of two filters: the last two need more registers than AVX2 has.
#if VECTOR_LANES == 16
#define PLANES(KY) PLANE(KY, 4, 1) PLANE(KY, 8, 1) PLANE(KY, 4, 2)
#define PLANE_NAMES(KY) {FN(plane_##KY##_4_1), FN(plane_##KY##_8_1), FN(plane_##KY##_4_2)}
#else
#define PLANES(KY) PLANE(KY, 4, 1)
#define PLANE_NAMES(KY) {FN(plane_##KY##_4_1), 0, 0}
#endif
PLANES(1)
PLANES(3)
PLANES(5)
PLANES(7)
PLANES(9)
static const plane_function FN(planes)[5][3] = {PLANE_NAMES(1), PLANE_NAMES(3), PLANE_NAMES(5), PLANE_NAMES(7),
                                                PLANE_NAMES(9)};
static const plane_function FN(any_planes)[3] = {FN(plane_any), 0, 0};
#undef PLANE
#undef PLANES
#undef PLANE_NAMES

static void FN(sums)(const isotach_planar *p, int64_t filters, int64_t rows, int64_t columns, const float *planes,
                     const float *b, int64_t b_step, float *sums, int64_t c_step, int adds) {
  int is_known = (p->dilation_y == 1 || p->kernel_y == 1) && p->kernel_y % 2 == 1 && p->kernel_y <= 9;
  const plane_function *tiles = is_known ? FN(planes)[p->kernel_y / 2] : FN(any_planes);
  for (int64_t f = 0; f < filters;) {
    int64_t count = tiles[2] && filters - f > 1 ? 2 : 1;
    for (int64_t i = 0; i < rows;) {
      int64_t tall = count == 1 && tiles[1] && rows - i >= 2 * ISOTACH_PLANAR_ROWS ? 2 : 1;
      plane_function tile = count == 2 ? tiles[2] : tiles[tall - 1];
      for (int64_t j = 0; j < columns; j += 2 * VECTOR_LANES)
        tile(p, planes + i * p->pitch + j, b + f * b_step, b_step, sums + f * c_step + i * p->sums_step + j, c_step,
             adds);
      i += tall * ISOTACH_PLANAR_ROWS;
    }
    f += count;
  }
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
