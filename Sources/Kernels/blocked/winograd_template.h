#include "epilogue_template.h"

// MARK: one-dimensional transforms: y[i * t] from x[i * s]. The even and the odd part of the polynomial of a point
// serve its negative too.

#define ROOT 1.41421356237309504880f

INLINE void FN(input_4)(const V *x, int s, V *y, int t) {
  V a = x[4 * s] - x[2 * s] * 2.0f, b = FMA(SPLAT(-2.0f), x[1 * s], x[3 * s]) * (ROOT / 2);
  V c = FMA(SPLAT(-0.5f), x[2 * s], x[4 * s]), d = FMA(SPLAT(-0.5f), x[1 * s], x[3 * s]) * ROOT;
  y[0 * t] = FMA(SPLAT(-2.5f), x[2 * s], x[0 * s] + x[4 * s]);
  y[1 * t] = a + b;
  y[2 * t] = a - b;
  y[3 * t] = c + d;
  y[4 * t] = c - d;
  y[5 * t] = FMA(SPLAT(-2.5f), x[3 * s], x[1 * s] + x[5 * s]);
}

INLINE void FN(output_4)(const V *x, int s, V *y, int t) {
  V a = x[1 * s] + x[2 * s], b = x[1 * s] - x[2 * s], c = x[3 * s] + x[4 * s], d = x[3 * s] - x[4 * s];
  y[0 * t] = x[0 * s] + (a + c);
  y[1 * t] = FMA(SPLAT(ROOT / 2), b, d * ROOT);
  y[2 * t] = FMA(SPLAT(0.5f), a, c * 2.0f);
  y[3 * t] = FMA(SPLAT(ROOT / 4), b, FMA(SPLAT(2 * ROOT), d, x[5 * s]));
}

INLINE void FN(weight_4)(const V *x, int s, V *y, int t) {
  V a = (x[0 * s] * 2.0f + x[2 * s]) * (-1 / 3.0f), b = x[1 * s] * (ROOT / 3);
  V c = FMA(SPLAT(2.0f), x[2 * s], x[0 * s]) * (1 / 6.0f), d = x[1 * s] * (ROOT / 6);
  y[0 * t] = x[0 * s];
  y[1 * t] = a - b;
  y[2 * t] = a + b;
  y[3 * t] = c + d;
  y[4 * t] = c - d;
  y[5 * t] = x[2 * s];
}

INLINE void FN(input_6)(const V *x, int s, V *y, int t) {
  V a = FMA(SPLAT(-4.25f), x[4 * s], x[2 * s] + x[6 * s]), b = FMA(SPLAT(-4.25f), x[3 * s], x[1 * s] + x[5 * s]);
  V c = FMA(SPLAT(0.25f), x[2 * s], FMA(SPLAT(-1.25f), x[4 * s], x[6 * s]));
  V d = FMA(SPLAT(0.5f), x[1 * s], FMA(SPLAT(-2.5f), x[3 * s], x[5 * s] * 2.0f));
  V e = FMA(SPLAT(4.0f), FMA(SPLAT(-1.25f), x[4 * s], x[2 * s]), x[6 * s]);
  V f = FMA(SPLAT(2.0f), x[1 * s], FMA(SPLAT(-2.5f), x[3 * s], x[5 * s] * 0.5f));
  y[0 * t] = FMA(SPLAT(5.25f), x[4 * s] - x[2 * s], x[0 * s] - x[6 * s]);
  y[1 * t] = a + b;
  y[2 * t] = a - b;
  y[3 * t] = c + d;
  y[4 * t] = c - d;
  y[5 * t] = e + f;
  y[6 * t] = e - f;
  y[7 * t] = FMA(SPLAT(5.25f), x[3 * s] - x[5 * s], x[7 * s] - x[1 * s]);
}

INLINE void FN(output_6)(const V *x, int s, V *y, int t) {
  V a = x[1 * s] + x[2 * s], b = x[1 * s] - x[2 * s], c = x[3 * s] + x[4 * s], d = x[3 * s] - x[4 * s];
  V e = x[5 * s] + x[6 * s], f = x[5 * s] - x[6 * s];
  y[0 * t] = (x[0 * s] + a) + FMA(SPLAT(32.0f), e, c);
  y[1 * t] = FMA(SPLAT(16.0f), f, FMA(SPLAT(2.0f), d, b));
  y[2 * t] = FMA(SPLAT(8.0f), e, FMA(SPLAT(4.0f), c, a));
  y[3 * t] = FMA(SPLAT(4.0f), f, FMA(SPLAT(8.0f), d, b));
  y[4 * t] = FMA(SPLAT(2.0f), e, FMA(SPLAT(16.0f), c, a));
  y[5 * t] = (x[7 * s] + b) + FMA(SPLAT(32.0f), d, f);
}

INLINE void FN(weight_6)(const V *x, int s, V *y, int t) {
  V a = (x[0 * s] + x[2 * s]) * (-2 / 9.0f), b = x[1 * s] * (-2 / 9.0f);
  V c = FMA(SPLAT(4.0f), x[2 * s], x[0 * s]) * (1 / 90.0f), d = x[1 * s] * (1 / 45.0f);
  V e = FMA(SPLAT(4.0f), x[0 * s], x[2 * s]) * (1 / 180.0f), f = x[1 * s] * (1 / 90.0f);
  y[0 * t] = x[0 * s];
  y[1 * t] = a + b;
  y[2 * t] = a - b;
  y[3 * t] = c + d;
  y[4 * t] = c - d;
  y[5 * t] = e + f;
  y[6 * t] = e - f;
  y[7 * t] = x[2 * s];
}

// MARK: tiles

// The (TILE + 2) squared points of one tile of 16 channels at x, rows x_row apart, to v, point_step apart.
#define TRANSFORMS(TILE)                                                                                        \
  INLINE void FN(transform_input_##TILE)(const float *x, int64_t x_row, float *v, int64_t point_step) {         \
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {                                                     \
      V half[TILE + 2][TILE + 2];                                                                               \
      for (int j = 0; j < TILE + 2; ++j) {                                                                      \
        V line[TILE + 2];                                                                                       \
        for (int i = 0; i < TILE + 2; ++i) line[i] = LOAD(x + i * x_row + j * ISOTACH_LANES + h);               \
        FN(input_##TILE)(line, 1, &half[0][j], TILE + 2);                                                       \
      }                                                                                                         \
      for (int i = 0; i < TILE + 2; ++i) {                                                                      \
        V line[TILE + 2];                                                                                       \
        FN(input_##TILE)(half[i], 1, line, 1);                                                                  \
        for (int j = 0; j < TILE + 2; ++j) STORE(v + (i * (TILE + 2) + j) * point_step + h, line[j]);           \
      }                                                                                                         \
    }                                                                                                           \
  }                                                                                                             \
                                                                                                                \
  /* Weights of 16 filters for one channel, w[9][16], to u. */                                                  \
  INLINE void FN(transform_weight_##TILE)(const float *w, float *u, int64_t point_step, int streams) {          \
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {                                                     \
      V half[TILE + 2][3];                                                                                      \
      for (int j = 0; j < 3; ++j) {                                                                             \
        V line[3];                                                                                              \
        for (int i = 0; i < 3; ++i) line[i] = LOAD(w + (3 * i + j) * ISOTACH_LANES + h);                        \
        FN(weight_##TILE)(line, 1, &half[0][j], 3);                                                             \
      }                                                                                                         \
      for (int i = 0; i < TILE + 2; ++i) {                                                                      \
        V line[TILE + 2];                                                                                       \
        FN(weight_##TILE)(half[i], 1, line, 1);                                                                 \
        for (int j = 0; j < TILE + 2; ++j) {                                                                    \
          float *target = u + (i * (TILE + 2) + j) * point_step + h;                                            \
          if (streams) __builtin_nontemporal_store(line[j], (V *)target);                                       \
          else STORE(target, line[j]);                                                                          \
        }                                                                                                       \
      }                                                                                                         \
    }                                                                                                           \
  }                                                                                                             \
                                                                                                                \
  /* Back, with what follows; rows x columns of the tile are inside the image. */                               \
  INLINE void FN(transform_output_##TILE)(const float *m, int64_t point_step, const float *bias,                \
                                          const float *residual, int64_t residual_row, const float *mask,       \
                                          int64_t mask_row, float *y, int64_t y_row,                            \
                                          int64_t rows, int64_t columns, const FN(finish_values) * finish) {    \
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {                                                     \
      V half[TILE][TILE + 2], offset = LOAD(bias + h);                                                          \
      for (int j = 0; j < TILE + 2; ++j) {                                                                      \
        V line[TILE + 2];                                                                                       \
        for (int i = 0; i < TILE + 2; ++i) line[i] = LOAD(m + (i * (TILE + 2) + j) * point_step + h);           \
        FN(output_##TILE)(line, 1, &half[0][j], TILE + 2);                                                      \
      }                                                                                                         \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < TILE; ++i) {                                       \
        V line[TILE];                                                                                           \
        if (i >= rows) break;                                                                                   \
        FN(output_##TILE)(half[i], 1, line, 1);                                                                 \
        _Pragma("clang loop unroll(full)") for (int j = 0; j < TILE; ++j) {                                     \
          if (j >= columns) break;                                                                              \
          V v = line[j] + offset;                                                                               \
          if (residual) v += LOAD(residual + i * residual_row + j * ISOTACH_LANES + h);                         \
          v = mask ? FN(masked)(v, LOAD(mask + i * mask_row + j * ISOTACH_LANES + h), finish)                   \
                   : FN(finish)(v, finish);                                                                     \
          STORE(y + i * y_row + j * ISOTACH_LANES + h, v);                                                      \
        }                                                                                                       \
      }                                                                                                         \
    }                                                                                                           \
  }                                                                                                             \
                                                                                                                \
  /* See winograd.h. */                                                                                         \
  static void FN(input_##TILE##_tiles)(const isotach_winograd *p, const isotach_blocked *x, int64_t first_block, \
                                       int64_t last_block, int64_t first, int64_t last, float *v,               \
                                       int64_t point_step, int64_t tile_step, int64_t block_step) {             \
    for (int64_t block = first_block; block < last_block; ++block)                                              \
      for (int64_t t = first; t < last; ++t) {                                                                  \
        isotach_place at = isotach_winograd_place(p, t);                                                        \
        float *target = v + (t - first) * tile_step + block * block_step;                                       \
        const float *plane = x->data + block * x->block_step + at.image * x->image_step;                        \
        int64_t y0 = at.y - p->shape.before_y, x0 = at.x - p->shape.before_x;                                   \
        int is_inside = y0 >= -x->halo_y && x0 >= -x->halo_x && y0 + TILE + 2 <= x->height + x->halo_y          \
                        && x0 + TILE + 2 <= x->width + x->halo_x;                                               \
        const float *source = plane + y0 * x->row_step + x0 * ISOTACH_LANES;                                    \
        if (is_inside) {                                                                                        \
          FN(transform_input_##TILE)(source, x->row_step, target, point_step);                                  \
        } else {                                                                                                \
          float copy[(TILE + 2) * (TILE + 2) * ISOTACH_LANES];                                                  \
          for (int i = 0; i < TILE + 2; ++i)                                                                    \
            for (int j = 0; j < TILE + 2; ++j) {                                                                \
              int is_there = y0 + i >= -x->halo_y && y0 + i < x->height + x->halo_y && x0 + j >= -x->halo_x     \
                             && x0 + j < x->width + x->halo_x;                                                  \
              const float *pixel = source + i * x->row_step + j * ISOTACH_LANES;                                \
              for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES)                                             \
                STORE(copy + (i * (TILE + 2) + j) * ISOTACH_LANES + h, is_there ? LOAD(pixel + h) : (V){0});    \
            }                                                                                                   \
          FN(transform_input_##TILE)(copy, (TILE + 2) * ISOTACH_LANES, target, point_step);                     \
        }                                                                                                       \
      }                                                                                                         \
  }                                                                                                             \
                                                                                                                \
  /* m[point][tile - first][filter - 16 first_block], lines `wide` apart. */                                    \
  static void FN(output_##TILE##_tiles)(const isotach_winograd *p, const float *m, int64_t point_step,          \
                                        int64_t wide, int64_t first_block, int64_t last_block, int64_t first,   \
                                        int64_t last, const float *bias, const isotach_epilogue *e,             \
                                        const isotach_blocked *y) {                                             \
    FN(finish_values) finish = FN(finish_of)(e);                                                                \
    const isotach_blocked *r = e->residual, *k = e->mask;                                                       \
    for (int64_t block = first_block; block < last_block; ++block)                                              \
      for (int64_t t = first; t < last; ++t) {                                                                  \
        isotach_place at = isotach_winograd_place(p, t);                                                        \
        int64_t rows = p->shape.out_height - at.y, columns = p->shape.out_width - at.x;                         \
        rows = rows < TILE ? rows : TILE, columns = columns < TILE ? columns : TILE;                            \
        const float *residual = r ? r->data + block * r->block_step + at.image * r->image_step                  \
                                        + at.y * r->row_step + at.x * ISOTACH_LANES                             \
                                  : 0;                                                                          \
        const float *mask = k ? k->data + block * k->block_step + at.image * k->image_step                      \
                                    + at.y * k->row_step + at.x * ISOTACH_LANES                                 \
                              : 0;                                                                              \
        float *target =                                                                                         \
            y->data + block * y->block_step + at.image * y->image_step + at.y * y->row_step + at.x * ISOTACH_LANES; \
        const float *source = m + (t - first) * wide + (block - first_block) * ISOTACH_LANES;                   \
        FN(transform_output_##TILE)(source, point_step, bias + block * ISOTACH_LANES, residual,                 \
                                    r ? r->row_step : 0, mask, k ? k->row_step : 0, target, y->row_step, rows, columns, &finish); \
        if (e->pooled) FN(pool)(y, e->pooled, block, at.image, at.y, at.x, rows, columns);                      \
      }                                                                                                         \
  }

TRANSFORMS(4)
TRANSFORMS(6)
#undef TRANSFORMS
#undef ROOT

// Past the caches when `streams`: u is aligned then.
static void FN(pack_points)(int tile, const float *w, float *u, int64_t point_step, int streams) {
  if (tile == 4 && streams) FN(transform_weight_4)(w, u, point_step, 1);
  else if (tile == 4) FN(transform_weight_4)(w, u, point_step, 0);
  else if (streams) FN(transform_weight_6)(w, u, point_step, 1);
  else FN(transform_weight_6)(w, u, point_step, 0);
}
