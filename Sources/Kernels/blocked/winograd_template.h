#include "epilogue_template.h"

// MARK: one-dimensional transforms: y[i * t] from x[i * s]. The even and the odd part of the polynomial of a point
// serve its negative too.

#define ROOT 1.41421356237309504880f

// The points 0, 1, -1, infinity: additions alone.
INLINE void FN(input_2)(const V *x, int s, V *y, int t) {
  y[0 * t] = x[0 * s] - x[2 * s];
  y[1 * t] = x[1 * s] + x[2 * s];
  y[2 * t] = x[2 * s] - x[1 * s];
  y[3 * t] = x[3 * s] - x[1 * s];
}

INLINE void FN(output_2)(const V *x, int s, V *y, int t) {
  y[0 * t] = x[0 * s] + (x[1 * s] + x[2 * s]);
  y[1 * t] = (x[1 * s] - x[2 * s]) + x[3 * s];
}

INLINE void FN(weight_2)(const V *x, int s, V *y, int t) {
  V a = (x[0 * s] + x[2 * s]) * 0.5f, b = x[1 * s] * 0.5f;
  y[0 * t] = x[0 * s];
  y[1 * t] = a + b;
  y[2 * t] = a - b;
  y[3 * t] = x[2 * s];
}

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

// F(4x4, 5x5) has the points of F(6x6, 3x3): the input transform is the same, the powers of 1/2 are shared out otherwise.
INLINE void FN(input_5)(const V *x, int s, V *y, int t) { FN(input_6)(x, s, y, t); }

INLINE void FN(output_5)(const V *x, int s, V *y, int t) {
  V a = x[1 * s] + x[2 * s], b = x[1 * s] - x[2 * s], c = x[3 * s] + x[4 * s], d = x[3 * s] - x[4 * s];
  V e = x[5 * s] + x[6 * s], f = x[5 * s] - x[6 * s];
  y[0 * t] = (x[0 * s] + a) + FMA(SPLAT(8.0f), e, c);
  y[1 * t] = FMA(SPLAT(4.0f), f, FMA(SPLAT(2.0f), d, b));
  y[2 * t] = FMA(SPLAT(2.0f), e, FMA(SPLAT(4.0f), c, a));
  y[3 * t] = (x[7 * s] + b) + FMA(SPLAT(8.0f), d, f);
}

INLINE void FN(weight_5)(const V *x, int s, V *y, int t) {
  V a = (x[0 * s] + x[2 * s] + x[4 * s]) * (-2 / 9.0f), b = (x[1 * s] + x[3 * s]) * (-2 / 9.0f);
  V c = FMA(SPLAT(16.0f), x[4 * s], FMA(SPLAT(4.0f), x[2 * s], x[0 * s])) * (1 / 90.0f);
  V d = FMA(SPLAT(4.0f), x[3 * s], x[1 * s]) * (1 / 45.0f);
  V e = FMA(SPLAT(16.0f), x[0 * s], FMA(SPLAT(4.0f), x[2 * s], x[4 * s])) * (1 / 180.0f);
  V f = FMA(SPLAT(4.0f), x[1 * s], x[3 * s]) * (1 / 90.0f);
  y[0 * t] = x[0 * s];
  y[1 * t] = a + b;
  y[2 * t] = a - b;
  y[3 * t] = c + d;
  y[4 * t] = c - d;
  y[5 * t] = e + f;
  y[6 * t] = e - f;
  y[7 * t] = x[4 * s];
}

// MARK: tiles

// NAME makes TILE x TILE pixels with KERNEL x KERNEL weights: TILE + KERNEL - 1 squared points.
//
// The points of one tile of 16 channels at x, rows x_row apart, to v, point_step apart.
#define TRANSFORMS(NAME, TILE, KERNEL)                                                                                        \
  INLINE void FN(transform_input_##NAME)(const float *x, int64_t x_row, float *v, int64_t point_step) {         \
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {                                                     \
      V half[TILE + KERNEL - 1][TILE + KERNEL - 1];                                                                               \
      for (int j = 0; j < TILE + KERNEL - 1; ++j) {                                                                      \
        V line[TILE + KERNEL - 1];                                                                                       \
        for (int i = 0; i < TILE + KERNEL - 1; ++i) line[i] = LOAD(x + i * x_row + j * ISOTACH_LANES + h);               \
        FN(input_##NAME)(line, 1, &half[0][j], TILE + KERNEL - 1);                                                       \
      }                                                                                                         \
      for (int i = 0; i < TILE + KERNEL - 1; ++i) {                                                                      \
        V line[TILE + KERNEL - 1];                                                                                       \
        FN(input_##NAME)(half[i], 1, line, 1);                                                                  \
        for (int j = 0; j < TILE + KERNEL - 1; ++j) STORE(v + (i * (TILE + KERNEL - 1) + j) * point_step + h, line[j]);           \
      }                                                                                                         \
    }                                                                                                           \
  }                                                                                                             \
                                                                                                                \
  /* Weights of 16 filters for one channel, w[KERNEL squared][16], to u. */                                                  \
  INLINE void FN(transform_weight_##NAME)(const float *w, float *u, int64_t point_step, int streams) {          \
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {                                                     \
      V half[TILE + KERNEL - 1][KERNEL];                                                                                      \
      for (int j = 0; j < KERNEL; ++j) {                                                                             \
        V line[KERNEL];                                                                                              \
        for (int i = 0; i < KERNEL; ++i) line[i] = LOAD(w + (KERNEL * i + j) * ISOTACH_LANES + h);                        \
        FN(weight_##NAME)(line, 1, &half[0][j], KERNEL);                                                             \
      }                                                                                                         \
      for (int i = 0; i < TILE + KERNEL - 1; ++i) {                                                                      \
        V line[TILE + KERNEL - 1];                                                                                       \
        FN(weight_##NAME)(half[i], 1, line, 1);                                                                 \
        for (int j = 0; j < TILE + KERNEL - 1; ++j) {                                                                    \
          float *target = u + (i * (TILE + KERNEL - 1) + j) * point_step + h;                                            \
          if (streams) __builtin_nontemporal_store(line[j], (V *)target);                                       \
          else STORE(target, line[j]);                                                                          \
        }                                                                                                       \
      }                                                                                                         \
    }                                                                                                           \
  }                                                                                                             \
                                                                                                                \
  static void FN(weights_##NAME)(const float *w, float *u, int64_t point_step, int streams) {                   \
    if (streams) FN(transform_weight_##NAME)(w, u, point_step, 1);                                              \
    else FN(transform_weight_##NAME)(w, u, point_step, 0);                                                      \
  }                                                                                                             \
                                                                                                                \
  /* Back, with what follows; rows x columns of the tile are inside the image. */                               \
  INLINE void FN(transform_output_##NAME)(const float *m, int64_t point_step, const float *bias,                \
                                          const float *residual, int64_t residual_row, const float *mask,       \
                                          int64_t mask_row, float *y, int64_t y_row,                            \
                                          int64_t rows, int64_t columns, const FN(finish_values) * finish) {    \
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {                                                     \
      V half[TILE][TILE + KERNEL - 1], offset = LOAD(bias + h);                                                          \
      for (int j = 0; j < TILE + KERNEL - 1; ++j) {                                                                      \
        V line[TILE + KERNEL - 1];                                                                                       \
        for (int i = 0; i < TILE + KERNEL - 1; ++i) line[i] = LOAD(m + (i * (TILE + KERNEL - 1) + j) * point_step + h);           \
        FN(output_##NAME)(line, 1, &half[0][j], TILE + KERNEL - 1);                                                      \
      }                                                                                                         \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < TILE; ++i) {                                       \
        V line[TILE];                                                                                           \
        if (i >= rows) break;                                                                                   \
        FN(output_##NAME)(half[i], 1, line, 1);                                                                 \
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
  static void FN(input_##NAME##_tiles)(const isotach_winograd *p, const isotach_blocked *x, int64_t first_block, \
                                       int64_t last_block, int64_t first, int64_t last, float *v,               \
                                       int64_t point_step, int64_t tile_step, int64_t block_step) {             \
    for (int64_t block = first_block; block < last_block; ++block)                                              \
      for (int64_t t = first; t < last; ++t) {                                                                  \
        isotach_place at = isotach_winograd_place(p, t);                                                        \
        float *target = v + (t - first) * tile_step + block * block_step;                                       \
        const float *plane = x->data + block * x->block_step + at.image * x->image_step;                        \
        int64_t y0 = at.y - p->shape.before_y, x0 = at.x - p->shape.before_x;                                   \
        int is_inside = y0 >= -x->halo_y && x0 >= -x->halo_x && y0 + TILE + KERNEL - 1 <= x->height + x->halo_y          \
                        && x0 + TILE + KERNEL - 1 <= x->width + x->halo_x;                                               \
        const float *source = plane + y0 * x->row_step + x0 * ISOTACH_LANES;                                    \
        if (is_inside) {                                                                                        \
          FN(transform_input_##NAME)(source, x->row_step, target, point_step);                                  \
        } else {                                                                                                \
          float copy[(TILE + KERNEL - 1) * (TILE + KERNEL - 1) * ISOTACH_LANES];                                                  \
          for (int i = 0; i < TILE + KERNEL - 1; ++i)                                                                    \
            for (int j = 0; j < TILE + KERNEL - 1; ++j) {                                                                \
              int is_there = y0 + i >= -x->halo_y && y0 + i < x->height + x->halo_y && x0 + j >= -x->halo_x     \
                             && x0 + j < x->width + x->halo_x;                                                  \
              const float *pixel = source + i * x->row_step + j * ISOTACH_LANES;                                \
              for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES)                                             \
                STORE(copy + (i * (TILE + KERNEL - 1) + j) * ISOTACH_LANES + h, is_there ? LOAD(pixel + h) : (V){0});    \
            }                                                                                                   \
          FN(transform_input_##NAME)(copy, (TILE + KERNEL - 1) * ISOTACH_LANES, target, point_step);                     \
        }                                                                                                       \
      }                                                                                                         \
  }                                                                                                             \
                                                                                                                \
  /* m[point][tile - first][filter - 16 first_block], lines `wide` apart. */                                    \
  static void FN(output_##NAME##_tiles)(const isotach_winograd *p, const float *m, int64_t point_step,          \
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
        FN(transform_output_##NAME)(source, point_step, bias + block * ISOTACH_LANES, residual,                 \
                                    r ? r->row_step : 0, mask, k ? k->row_step : 0, target, y->row_step, rows, columns, &finish); \
        if (e->pooled) FN(pool)(y, e->pooled, block, at.image, at.y, at.x, rows, columns);                      \
      }                                                                                                         \
  }

TRANSFORMS(2, 2, 3)
TRANSFORMS(4, 4, 3)
TRANSFORMS(5, 4, 5)
TRANSFORMS(6, 6, 3)
#undef TRANSFORMS
#undef ROOT

// Past the caches when `streams`: u is aligned then.
static void FN(pack_points)(int name, const float *w, float *u, int64_t point_step, int streams) {
  void (*transform)(const float *, float *, int64_t, int) =
      name == 2 ? FN(weights_2) : name == 4 ? FN(weights_4) : name == 5 ? FN(weights_5) : FN(weights_6);
  transform(w, u, point_step, streams);
}

static void FN(input_tiles)(const isotach_winograd *p, const isotach_blocked *x, int64_t first_block, int64_t last_block,
                            int64_t first, int64_t last, float *v, int64_t point_step, int64_t tile_step,
                            int64_t block_step) {
  int name = name_of(p);
  void (*transform)(const isotach_winograd *, const isotach_blocked *, int64_t, int64_t, int64_t, int64_t, float *, int64_t,
                    int64_t, int64_t) = name == 2   ? FN(input_2_tiles)
                                        : name == 4 ? FN(input_4_tiles)
                                        : name == 5 ? FN(input_5_tiles)
                                                    : FN(input_6_tiles);
  transform(p, x, first_block, last_block, first, last, v, point_step, tile_step, block_step);
}

static void FN(output_tiles)(const isotach_winograd *p, const float *m, int64_t point_step, int64_t wide,
                             int64_t first_block, int64_t last_block, int64_t first, int64_t last, const float *bias,
                             const isotach_epilogue *e, const isotach_blocked *y) {
  int name = name_of(p);
  void (*transform)(const isotach_winograd *, const float *, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                    const float *, const isotach_epilogue *, const isotach_blocked *) = name == 2   ? FN(output_2_tiles)
                                                                                        : name == 4 ? FN(output_4_tiles)
                                                                                        : name == 5 ? FN(output_5_tiles)
                                                                                                    : FN(output_6_tiles);
  transform(p, m, point_step, wide, first_block, last_block, first, last, bias, e, y);
}
