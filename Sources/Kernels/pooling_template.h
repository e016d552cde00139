// Rows of pooling by two, of plain values: y[j] = the largest of a[2 j], a[2 j + 1], b[2 j], b[2 j + 1]. A NaN wins.
static void FN(half_row)(const float *restrict a, const float *restrict b, float *restrict y, int64_t count) {
  for (int64_t j = 0; j < count; ++j) {
    float most = a[2 * j], v = a[2 * j + 1];
    most = ((v > most) | (v != v)) ? v : most;
    v = b[2 * j];
    most = ((v > most) | (v != v)) ? v : most;
    v = b[2 * j + 1];
    y[j] = ((v > most) | (v != v)) ? v : most;
  }
}

// The seed where the first of the largest is, zeros elsewhere.
static void FN(half_gradient_row)(const float *restrict a, const float *restrict b, const float *restrict seed,
                                  float *restrict da, float *restrict db, int64_t count) {
  for (int64_t j = 0; j < count; ++j) {
    float most = a[2 * j], g = seed[j], v = a[2 * j + 1];
    int second = (v > most) | (v != v);
    most = second ? v : most;
    v = b[2 * j];
    int third = (v > most) | (v != v);
    most = third ? v : most;
    v = b[2 * j + 1];
    int fourth = (v > most) | (v != v);
    da[2 * j] = (second | third | fourth) ? 0 : g;
    da[2 * j + 1] = (second & !third & !fourth) ? g : 0;
    db[2 * j] = (third & !fourth) ? g : 0;
    db[2 * j + 1] = fourth ? g : 0;
  }
}
