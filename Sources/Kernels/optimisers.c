#include <stddef.h>

#include "kernels.h"
#include "vectors.h"

#define INLINE static inline __attribute__((always_inline))
#define EACH _Pragma("clang loop vectorize(assume_safety) interleave(enable)") for (int64_t i = 0; i < count; ++i)
// Without the C library's errno, so that loops become vectors.
#define ROOT(X) __builtin_elementwise_sqrt(X)

#if defined(__x86_64__)
#define DISPATCH(NAME, PARAMETERS, ARGUMENTS)                                                                   \
  TARGET_AVX2 static void NAME##_avx2 PARAMETERS { NAME##_body ARGUMENTS; }                                     \
  void isotach_##NAME PARAMETERS {                                                                              \
    if (isotach_cpu_level() >= 1) NAME##_avx2 ARGUMENTS;                                                        \
    else NAME##_body ARGUMENTS;                                                                                 \
  }
#else
#define DISPATCH(NAME, PARAMETERS, ARGUMENTS)                                                                   \
  void isotach_##NAME PARAMETERS { NAME##_body ARGUMENTS; }
#endif

INLINE void adam_step_body(float *p, const float *g, float *m, float *v, int64_t count, float beta1, float rest1,
                           float beta2, float rest2, float size, float root, float shrink, float decay,
                           float epsilon) {
  EACH {
    float slope = g[i] + decay * p[i];
    float first = beta1 * m[i] + rest1 * slope;
    float second = beta2 * v[i] + rest2 * slope * slope;
    m[i] = first;
    v[i] = second;
    p[i] = p[i] * shrink - size * first / (ROOT(second) / root + epsilon);
  }
}
DISPATCH(adam_step,
         (float *p, const float *g, float *m, float *v, int64_t count, float beta1, float rest1, float beta2,
          float rest2, float size, float root, float shrink, float decay, float epsilon),
         (p, g, m, v, count, beta1, rest1, beta2, rest2, size, root, shrink, decay, epsilon))

INLINE void adagrad_step_body(float *p, const float *g, float *sum, int64_t count, float rate, float decay,
                              float epsilon) {
  EACH {
    float slope = g[i] + decay * p[i];
    float all = sum[i] + slope * slope;
    sum[i] = all;
    p[i] -= rate * slope / (ROOT(all) + epsilon);
  }
}
DISPATCH(adagrad_step,
         (float *p, const float *g, float *sum, int64_t count, float rate, float decay, float epsilon),
         (p, g, sum, count, rate, decay, epsilon))

INLINE void adadelta_step_body(float *p, const float *g, float *square, float *steps, int64_t count, float rate,
                               float decay, float keep, float take, float epsilon) {
  EACH {
    float slope = g[i] + decay * p[i];
    float mean = keep * square[i] + take * slope * slope;
    float delta = ROOT(steps[i] + epsilon) / ROOT(mean + epsilon) * slope;
    square[i] = mean;
    steps[i] = keep * steps[i] + take * delta * delta;
    p[i] -= rate * delta;
  }
}
DISPATCH(adadelta_step,
         (float *p, const float *g, float *square, float *steps, int64_t count, float rate, float decay, float keep,
          float take, float epsilon),
         (p, g, square, steps, count, rate, decay, keep, take, epsilon))

// A copy of the loop for each form: `buffer` and `mean` are known to be there or not.
INLINE void rmsprop_loop(float *p, const float *g, float *square, float *buffer, float *mean, int64_t count,
                         float rate, float decay, float keep, float take, float momentum, float epsilon,
                         int has_buffer, int has_mean) {
  EACH {
    float slope = g[i] + decay * p[i];
    float variance = keep * square[i] + take * slope * slope;
    square[i] = variance;
    if (has_mean) {
      float middle = mean[i] + take * (slope - mean[i]);
      mean[i] = middle;
      // Rounding may put it below 0, whose root is NaN; NaN itself stays.
      variance -= middle * middle;
      variance = variance < 0 ? 0 : variance;
    }
    float step = slope / (ROOT(variance) + epsilon);
    if (has_buffer) {
      step = momentum * buffer[i] + step;
      buffer[i] = step;
    }
    p[i] -= rate * step;
  }
}

INLINE void rmsprop_step_body(float *p, const float *g, float *square, float *buffer, float *mean, int64_t count,
                              float rate, float decay, float keep, float take, float momentum, float epsilon) {
#define FORM(B, M) rmsprop_loop(p, g, square, buffer, mean, count, rate, decay, keep, take, momentum, epsilon, B, M)
  if (buffer != NULL && mean != NULL) FORM(1, 1);
  else if (buffer != NULL) FORM(1, 0);
  else if (mean != NULL) FORM(0, 1);
  else FORM(0, 0);
}
DISPATCH(rmsprop_step,
         (float *p, const float *g, float *square, float *buffer, float *mean, int64_t count, float rate, float decay,
          float keep, float take, float momentum, float epsilon),
         (p, g, square, buffer, mean, count, rate, decay, keep, take, momentum, epsilon))
