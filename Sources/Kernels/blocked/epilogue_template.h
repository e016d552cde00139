// What follows a sum: residual, activation. Included by templates.

typedef struct {
  int32_t activation;
  V slope, low, high;
} FN(finish_values);

INLINE FN(finish_values) FN(finish_of)(const isotach_epilogue *e) {
  return (FN(finish_values)){e->activation, SPLAT(e->slope), SPLAT(e->low), SPLAT(e->high)};
}

// Comparisons that are false for NaN keep it.
INLINE V FN(finish)(V v, const FN(finish_values) *f) {
  V zero = {0};
  switch (f->activation) {
  case ISOTACH_RELU: return SELECT(v < zero, zero, v);
  case ISOTACH_LEAKY: return SELECT(v < zero, v * f->slope, v);
  case ISOTACH_CLIP:
    v = SELECT(v < f->low, f->low, v);
    return SELECT(v > f->high, f->high, v);
  default: return v;
  }
}

// The maxima of 2 x 2 of the pixels from (y0, x0), even numbers, rows x columns of them, of one block and image.
INLINE void FN(pool)(const isotach_blocked *y, const isotach_blocked *pooled, int64_t block, int64_t image, int64_t y0,
                     int64_t x0, int64_t rows, int64_t columns) {
  const float *source = y->data + block * y->block_step + image * y->image_step + y0 * y->row_step + x0 * ISOTACH_LANES;
  float *target = pooled->data + block * pooled->block_step + image * pooled->image_step + y0 / 2 * pooled->row_step
                  + x0 / 2 * ISOTACH_LANES;
  for (int64_t i = 0; i < rows / 2; ++i)
    for (int64_t j = 0; j < columns / 2; ++j)
      for (int64_t h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
        const float *s = source + 2 * i * y->row_step + 2 * j * ISOTACH_LANES + h;
        V most = LOAD(s);
        const float *others[3] = {s + ISOTACH_LANES, s + y->row_step, s + y->row_step + ISOTACH_LANES};
        for (int k = 0; k < 3; ++k) {
          V v = LOAD(others[k]);
          // A NaN wins, as in max pooling elsewhere.
          most = SELECT((most >= v) | (most != most), most, v);
        }
        STORE(target + i * pooled->row_step + j * ISOTACH_LANES + h, most);
      }
}

// The results of `rows` pixels (y at y_offset, residual at r_offset) from sums that are `wide` apart.
static void FN(finish_pixels)(int64_t rows, int64_t wide, const float *sums, const float *bias,
                              const isotach_epilogue *e, const float *residual, int64_t residual_step,
                              const int64_t *r_offset, float *y, int64_t y_step, const int64_t *y_offset) {
  FN(finish_values) finish = FN(finish_of)(e);
  for (int64_t j = 0; j < wide; j += VECTOR_LANES) {
    V offset = LOAD(bias + j);
    int64_t block = j / ISOTACH_LANES, lane = j % ISOTACH_LANES;
    for (int64_t i = 0; i < rows; ++i) {
      V v = LOAD(sums + i * wide + j) + offset;
      if (residual) v += LOAD(residual + block * residual_step + r_offset[i] + lane);
      STORE(y + block * y_step + y_offset[i] + lane, FN(finish)(v, &finish));
    }
  }
}
