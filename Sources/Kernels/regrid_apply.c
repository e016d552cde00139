#include <math.h>
#include <string.h>

#include "kernels.h"
#include "regrid.h"

// One value from its sums. Shares count the size of weights: those of cubic stencils may be negative.
// `total` is the sum over all entries, valid or not.
static inline void settle(double num, double den, double total, const isotach_regrid_rule *rule, float *target,
                          uint8_t *valid, float *share) {
  double part = rule->share_of_sum ? (total > 0 ? den / total : 0) : den;
  int whole = den >= total * (1 - 1e-12);
  if (share) *share = (float)(part > 1 ? 1 : part < 0 ? 0 : part);
  if (!(den > 0) || (part < rule->min_valid * (1 - 1e-9))) {
    *target = NAN;
    *valid = 0;
    return;
  }
  double value = rule->normalization == 2 || (rule->normalization == 1 && !whole) ? num / den : num;
  *target = (float)value;
  *valid = 1;
}

void isotach_regrid_columns_reference(const isotach_axis_weights *c, int64_t first, int64_t last, const float *source,
                                      const uint8_t *valid, int64_t origin, double *num, double *den) {
  for (int64_t k = first; k < last; ++k) {
    double a = 0, b = 0;
    for (int32_t e = c->starts[k]; e < c->starts[k + 1]; ++e) {
      int64_t i = c->sources[e] - origin;
      if (valid[i]) {
        a += c->weights[e] * (double)source[i];
        b += fabs(c->weights[e]);
      }
    }
    num[k - first] = a;
    den[k - first] = b;
  }
}

// The fast forms are the same source compiled for more than one instruction set: with contraction off the
// operations and their order are the same, so the bits are.
#define INLINE static inline __attribute__((always_inline))

INLINE void columns_body(const isotach_axis_weights *c, int64_t first, int64_t last, const float *restrict source,
                         const uint8_t *restrict valid, int64_t origin, double *restrict num, double *restrict den) {
  // Without branches: a missing value counts as 0 with weight 0, which leaves the sums as they are.
  for (int64_t k = first; k < last; ++k) {
    int32_t e = c->starts[k], end = c->starts[k + 1];
    double a = 0, b = 0;
    if (end - e == 2) {
      int64_t i = c->sources[e] - origin, j = c->sources[e + 1] - origin;
      double w = valid[i] ? c->weights[e] : 0, x = valid[j] ? c->weights[e + 1] : 0;
      double v = valid[i] ? (double)source[i] : 0, y = valid[j] ? (double)source[j] : 0;
      a += w * v;
      b += fabs(w);
      a += x * y;
      b += fabs(x);
    } else {
      for (; e < end; ++e) {
        int64_t i = c->sources[e] - origin;
        double w = valid[i] ? c->weights[e] : 0, v = valid[i] ? (double)source[i] : 0;
        a += w * v;
        b += fabs(w);
      }
    }
    num[k - first] = a;
    den[k - first] = b;
  }
}

int isotach_regrid_columns(const isotach_axis_weights *c, int64_t first, int64_t last, const float *source,
                           const uint8_t *valid, int64_t origin, int64_t width, double *num, double *den) {
  if (width <= 0 || memchr(valid, 0, (size_t)width)) {
    columns_body(c, first, last, source, valid, origin, num, den);
    return 0;
  }
  const int32_t *sources = c->sources;
  const double *weights = c->weights;
  for (int64_t k = first; k < last; ++k) {
    int32_t e = c->starts[k], end = c->starts[k + 1];
    double a = 0, b = 0;
    if (end - e == 2) {
      a = (0 + weights[e] * (double)source[sources[e] - origin]) + weights[e + 1] * (double)source[sources[e + 1] - origin];
      b = fabs(weights[e]) + fabs(weights[e + 1]);
    } else {
      for (; e < end; ++e) {
        a += weights[e] * (double)source[sources[e] - origin];
        b += fabs(weights[e]);
      }
    }
    num[k - first] = a;
    den[k - first] = b;
  }
  return 1;
}

void isotach_regrid_combine_reference(const double *const *num, const double *const *den, const double *weights,
                                      int64_t count, const double *column_sums, int64_t n, const isotach_regrid_rule *rule,
                                      float *target, uint8_t *valid, float *share) {
  double rows = 0;
  for (int64_t r = 0; r < count; ++r) rows += fabs(weights[r]);
  for (int64_t k = 0; k < n; ++k) {
    double a = 0, b = 0;
    for (int64_t r = 0; r < count; ++r) {
      a += weights[r] * num[r][k];
      b += fabs(weights[r]) * den[r][k];
    }
    settle(a, b, rows * column_sums[k], rule, target + k, valid + k, share ? share + k : NULL);
  }
}

#define BLOCK 256
INLINE void combine_body(const double *const *num, const double *const *den, const double *weights, int64_t count,
                         const double *column_sums, int64_t n, const isotach_regrid_rule *rule, int complete_rows,
                         float *target, uint8_t *valid, float *share) {
  double rows = 0;
  for (int64_t r = 0; r < count; ++r) rows += fabs(weights[r]);
  double a[BLOCK], b[BLOCK];
  // Where nothing is missing and the rule does not divide, the weights' sums need not be looked at.
  int simple = rule->normalization != 2 && !share && rule->share_of_sum && rule->min_valid <= 1;
  for (int64_t start = 0; start < n; start += BLOCK) {
    int64_t m = n - start < BLOCK ? n - start : BLOCK;
    if (simple && complete_rows && count == 2 && rows > 0) {
      const double w = weights[0], w2 = weights[1], *x = num[0] + start, *x2 = num[1] + start;
      float *out = target + start;
      for (int64_t k = 0; k < m; ++k) out[k] = (float)((0 + w * x[k]) + w2 * x2[k]);
      memset(valid + start, 1, (size_t)m);
      continue;
    }
    if (count == 2) {
      const double w = weights[0], u = fabs(w), w2 = weights[1], u2 = fabs(w2);
      const double *x = num[0] + start, *y = den[0] + start, *x2 = num[1] + start, *y2 = den[1] + start;
      for (int64_t k = 0; k < m; ++k) {
        a[k] = (0 + w * x[k]) + w2 * x2[k];
        b[k] = (0 + u * y[k]) + u2 * y2[k];
      }
    } else {
      for (int64_t k = 0; k < m; ++k) a[k] = b[k] = 0;
      for (int64_t r = 0; r < count; ++r) {
        const double w = weights[r], u = fabs(w), *x = num[r] + start, *y = den[r] + start;
        for (int64_t k = 0; k < m; ++k) {
          a[k] += w * x[k];
          b[k] += u * y[k];
        }
      }
    }
    // Most blocks are complete: then the rule is one comparison for all.
    int complete = simple;
    if (complete) {
      const double *sums = column_sums + start;
      int bad = 0;
      // A column that reaches no source has sum 0.
      for (int64_t k = 0; k < m; ++k) bad |= !(b[k] >= rows * sums[k] * (1 - 1e-12)) | !(b[k] > 0);
      complete = !bad;
    }
    if (complete) {
      for (int64_t k = 0; k < m; ++k) target[start + k] = (float)a[k];
      memset(valid + start, 1, (size_t)m);
    } else {
      for (int64_t k = 0; k < m; ++k)
        settle(a[k], b[k], rows * column_sums[start + k], rule, target + start + k, valid + start + k,
               share ? share + start + k : NULL);
    }
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void combine_avx2(
    const double *const *num, const double *const *den, const double *weights, int64_t count, const double *column_sums,
    int64_t n, const isotach_regrid_rule *rule, int complete, float *target, uint8_t *valid, float *share) {
  combine_body(num, den, weights, count, column_sums, n, rule, complete, target, valid, share);
}
#endif

void isotach_regrid_combine(const double *const *num, const double *const *den, const double *weights, int64_t count,
                            const double *column_sums, int64_t n, const isotach_regrid_rule *rule, int complete,
                            float *target, uint8_t *valid, float *share) {
#if defined(__x86_64__)
  if (isotach_cpu_level() >= 1) {
    combine_avx2(num, den, weights, count, column_sums, n, rule, complete, target, valid, share);
    return;
  }
#endif
  combine_body(num, den, weights, count, column_sums, n, rule, complete, target, valid, share);
}

void isotach_regrid_sparse(const int32_t *starts, const int32_t *sources, const double *weights, int64_t first_cell,
                           int64_t n, const float *source, const uint8_t *valid, int64_t maps, int64_t source_stride,
                           int64_t nx, int64_t row_origin, int64_t column_origin, int64_t columns,
                           const isotach_regrid_rule *rule, float *target, uint8_t *target_valid, float *share,
                           int64_t target_stride) {
  for (int64_t k = 0; k < n; ++k) {
    int32_t from = starts[first_cell + k], to = starts[first_cell + k + 1];
    double total = 0;
    for (int32_t e = from; e < to; ++e) total += fabs(weights[e]);
    for (int64_t m = 0; m < maps; m += 4) {
      // Up to four maps at a time share the reading of the weights.
      int64_t lanes = maps - m < 4 ? maps - m : 4;
      double a[4] = {0, 0, 0, 0}, b[4] = {0, 0, 0, 0};
      for (int32_t e = from; e < to; ++e) {
        int64_t j = sources[e] / nx - row_origin, i = sources[e] % nx - column_origin, at = j * columns + i;
        for (int64_t l = 0; l < lanes; ++l) {
          int64_t place = at + (m + l) * source_stride;
          double w = valid[place] ? weights[e] : 0, v = valid[place] ? (double)source[place] : 0;
          a[l] += w * v;
          b[l] += fabs(w);
        }
      }
      for (int64_t l = 0; l < lanes; ++l) {
        int64_t place = k + (m + l) * target_stride;
        settle(a[l], b[l], total, rule, target + place, target_valid + place, share ? share + place : NULL);
      }
    }
  }
}
