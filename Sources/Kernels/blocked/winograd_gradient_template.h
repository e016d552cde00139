// The transforms of winograd_template.h turned round, for F(4x4, 3x3).

#define ROOT 1.41421356237309504880f

// 6 numbers of 4, as the output transform makes 4 of 6.
INLINE void FN(spread)(const V *x, V *y, int t) {
  V a = FMA(SPLAT(0.5f), x[2], x[0]), b = FMA(SPLAT(0.5f), x[3], x[1]) * (ROOT / 2);
  V c = FMA(SPLAT(2.0f), x[2], x[0]), d = FMA(SPLAT(2.0f), x[3], x[1]) * ROOT;
  y[0 * t] = x[0];
  y[1 * t] = a + b;
  y[2 * t] = a - b;
  y[3 * t] = c + d;
  y[4 * t] = c - d;
  y[5 * t] = x[3];
}

// 3 weights of 6, as the weight transform makes 6 of 3.
INLINE void FN(gather)(const V *x, V *y, int t) {
  V a = (x[1] + x[2]) * (-1 / 3.0f), b = (x[2] - x[1]) * (ROOT / 3);
  V c = (x[3] + x[4]) * (1 / 6.0f), d = (x[3] - x[4]) * (ROOT / 6);
  y[0 * t] = x[0] + FMA(SPLAT(2.0f), a, c);
  y[1 * t] = b + d;
  y[2 * t] = x[5] + FMA(SPLAT(2.0f), c, a);
}

// Tiles first ..< last of one block and range of dy: z[point * point_step + (tile - first) * tile_step + lane].
static void FN(spread_tiles)(const isotach_winograd *p, const isotach_blocked *dy, int64_t block, int64_t first,
                             int64_t last, float *z, int64_t point_step, int64_t tile_step) {
  for (int64_t t = first; t < last; ++t) {
    isotach_place at = isotach_winograd_place(p, t);
    int64_t rows = p->shape.out_height - at.y, columns = p->shape.out_width - at.x;
    const float *source = dy->data + block * dy->block_step + at.image * dy->image_step + at.y * dy->row_step
                          + at.x * ISOTACH_LANES;
    float *target = z + (t - first) * tile_step;
    for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
      V half[6][4];
      for (int j = 0; j < 4; ++j) {
        V line[4];
        for (int i = 0; i < 4; ++i)
          line[i] = i < rows && j < columns ? LOAD(source + i * dy->row_step + j * ISOTACH_LANES + h) : (V){0};
        FN(spread)(line, &half[0][j], 4);
      }
      for (int i = 0; i < 6; ++i) {
        V line[6];
        FN(spread)(half[i], line, 1);
        for (int j = 0; j < 6; ++j) STORE(target + (6 * i + j) * point_step + h, line[j]);
      }
    }
  }
}

// The 9 taps of 16 filters from their 36 sums, of which there are `parts`.
static void FN(gather_taps)(const float *sums, int64_t point_step, int64_t parts, int64_t part_step, float *taps) {
  for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
    V half[3][6];
    for (int j = 0; j < 6; ++j) {
      V line[6];
      for (int i = 0; i < 6; ++i) {
        const float *source = sums + (6 * i + j) * point_step + h;
        line[i] = LOAD(source);
        for (int64_t part = 1; part < parts; ++part) line[i] += LOAD(source + part * part_step);
      }
      FN(gather)(line, &half[0][j], 6);
    }
    for (int i = 0; i < 3; ++i) {
      V line[3];
      FN(gather)(half[i], line, 1);
      for (int j = 0; j < 3; ++j) STORE(taps + (3 * i + j) * ISOTACH_LANES + h, line[j]);
    }
  }
}
#undef ROOT
