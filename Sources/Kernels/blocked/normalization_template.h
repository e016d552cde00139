INLINE V FN(seed)(const float *dy, const float *mask, int64_t i) {
  V g = LOAD(dy + i), zero = {0};
  return mask ? SELECT(LOAD(mask + i) > zero, g, zero) : g;
}

// Sums over one row of u and u * v: moments u = v = x - centre, products u = g, v = x - centre.
static void FN(sum_row)(const float *dy, const float *mask, const float *x, const float *centre, int64_t width,
                        double *first, double *second) {
  for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
    V middle = LOAD(centre + h), sum[2] = {{0}, {0}}, product[2] = {{0}, {0}};
    for (int64_t i = 0; i < width; ++i) {
      int64_t at = i * ISOTACH_LANES + h;
      V v = LOAD(x + at) - middle, u = dy ? FN(seed)(dy, mask, at) : v;
      sum[i & 1] += u;
      product[i & 1] = FMA(u, v, product[i & 1]);
    }
    float lanes[2][VECTOR_LANES];
    STORE(lanes[0], sum[0] + sum[1]);
    STORE(lanes[1], product[0] + product[1]);
    for (int l = 0; l < VECTOR_LANES; ++l) {
      first[h + l] += (double)lanes[0][l];
      second[h + l] += (double)lanes[1][l];
    }
  }
}

static void FN(combine_row)(const float *dy, const float *mask, const float *x, const float *factors, float *dx,
                            int64_t width) {
  for (int h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
    V a = LOAD(factors + h), b = LOAD(factors + ISOTACH_LANES + h), c = LOAD(factors + 2 * ISOTACH_LANES + h);
    for (int64_t i = h; i < width * ISOTACH_LANES; i += ISOTACH_LANES)
      STORE(dx + i, FMA(a, FN(seed)(dy, mask, i), FMA(b, LOAD(x + i), c)));
  }
}
