#include <math.h>

#include "regrid.h"

void isotach_coarsen_row(const float *source, const uint8_t *valid, const double *areas, int64_t rows, int64_t columns,
                         int64_t stride, int64_t area_stride, int64_t factor, int64_t targets, int32_t method,
                         double min_valid, float *target, uint8_t *target_valid) {
  for (int64_t k = 0; k < targets; ++k) {
    int64_t from = k * factor, to = from + factor < columns ? from + factor : columns;
    double sum = 0, weight = 0, whole = 0;
    float least = INFINITY, greatest = -INFINITY;
    for (int64_t j = 0; j < rows; ++j)
      for (int64_t i = from; i < to; ++i) {
        double w = areas ? areas[j * area_stride + i] : 1;
        whole += w;
        if (!valid[j * stride + i]) continue;
        float v = source[j * stride + i];
        sum += w * (double)v;
        weight += w;
        if (v < least) least = v;
        if (v > greatest) greatest = v;
      }
    if (!(weight > 0) || weight < min_valid * whole * (1 - 1e-9)) {
      target[k] = NAN;
      target_valid[k] = 0;
      continue;
    }
    target_valid[k] = 1;
    target[k] = method == ISOTACH_COARSEN_MEAN  ? (float)(sum / weight)
                : method == ISOTACH_COARSEN_SUM ? (float)sum
                : method == ISOTACH_COARSEN_LEAST ? least : greatest;
  }
}
