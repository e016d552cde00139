#include "epilogue_template.h"

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
