#include <math.h>
#include <string.h>

#include "kernels.h"
#include "vectors.h"

// One source compiled for each instruction set: contraction is off, so the operations and the bits are the same.
#define INLINE static inline __attribute__((always_inline))
#define EACH _Pragma("clang loop vectorize(assume_safety) interleave(enable)") for (int64_t i = 0; i < count; ++i)

#if defined(__x86_64__)
#define DISPATCH(NAME, PARAMETERS, ARGUMENTS)                                                                   \
  TARGET_AVX512 static void NAME##_avx512 PARAMETERS { NAME##_body ARGUMENTS; }                                 \
  TARGET_AVX2 static void NAME##_avx2 PARAMETERS { NAME##_body ARGUMENTS; }                                     \
  void isotach_##NAME PARAMETERS {                                                                              \
    switch (isotach_cpu_level()) {                                                                              \
    case 2: NAME##_avx512 ARGUMENTS; return;                                                                    \
    case 1: NAME##_avx2 ARGUMENTS; return;                                                                      \
    default: NAME##_body ARGUMENTS;                                                                             \
    }                                                                                                           \
  }
#else
#define DISPATCH(NAME, PARAMETERS, ARGUMENTS)                                                                   \
  void isotach_##NAME PARAMETERS { NAME##_body ARGUMENTS; }
#endif

#define UNARY(NAME, VALUE)                                                                                      \
  INLINE void NAME##_body(const float *x, float *y, int64_t count) { EACH y[i] = VALUE; }                       \
  DISPATCH(NAME, (const float *x, float *y, int64_t count), (x, y, count))

#define BINARY(NAME, VALUE)                                                                                     \
  INLINE void NAME##_body(const float *a, const float *b, float *y, int64_t count) { EACH y[i] = VALUE; }       \
  DISPATCH(NAME, (const float *a, const float *b, float *y, int64_t count), (a, b, y, count))

INLINE int32_t bits_of(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

INLINE float from_bits(int32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// x = n log 2 + r with |r| <= log 2 / 2; the upper part of log 2 has so few digits that n times it is exact.
// Polynomials of exp, log and tanh: Cephes (S. L. Moshier), single precision.
INLINE float reduce(float x, int32_t *n) {
  const float magic = 12582912.0f; // 1.5 * 2^23: the sum has the rounded number in its lowest bits
  float shifted = x * 1.44269504088896341f + magic;
  float rounded = shifted - magic;
  *n = bits_of(shifted) - 0x4B400000;
  return (x - rounded * 0.693359375f) + rounded * 2.12194440e-4f;
}

// (e^r - 1 - r) / r^2
INLINE float exp_tail(float r) {
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  return p * r + 5.0000001201e-1f;
}

INLINE float exp_of(float x) {
  float inside = x < -105.0f ? -105.0f : x;
  inside = inside > 89.0f ? 89.0f : inside;
  int32_t n;
  float r = reduce(inside, &n);
  float y = (exp_tail(r) * (r * r) + r) + 1;
  // In two steps: 2^n alone may be too large or too small.
  int32_t half = n >> 1;
  return y * from_bits((half + 127) << 23) * from_bits((n - half + 127) << 23);
}

INLINE float expm1_of(float x) {
  float inside = x < -30.0f ? -30.0f : x;
  inside = inside > 30.0f ? 30.0f : inside;
  int32_t n;
  float r = reduce(inside, &n);
  float q = exp_tail(r) * (r * r) + r;
  float power = from_bits((n + 127) << 23);
  float y = n == 0 ? q : power * q + (power - 1);
  y = x > 30.0f ? exp_of(x) : y;
  // Keeps the sign of zero, and what is too small for the sum.
  return x > -1e-7f && x < 1e-7f ? x : y;
}

// log(m 2^e) for a normal number: m in [sqrt 1/2, sqrt 2).
INLINE float log_of_normal(float x, int32_t extra) {
  int32_t bits = bits_of(x);
  int32_t e = (bits - 0x3f3504f3) >> 23;
  float m = from_bits(bits - (e << 23)) - 1;
  float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float n = (float)(e + extra);
  float y = p * m * z - n * 2.12194440e-4f;
  y = y - 0.5f * z;
  return (m + y) + n * 0.693359375f;
}

INLINE float log_of(float x) {
  int small = x < 1.17549435e-38f;
  float y = log_of_normal(small ? x * 8388608.0f : x, small ? -23 : 0);
  y = x == INFINITY ? x : y;
  y = x == 0 ? -INFINITY : y;
  return x >= 0 ? y : NAN;
}

INLINE float log1p_of(float x) {
  // The logarithm of the rounded sum, and what the rounding lost.
  float w = 1 + x;
  float lost = (x - (w - 1)) / w;
  float y = log_of_normal(w, 0) + lost;
  y = w == INFINITY ? w : y;
  y = w == 0 ? -INFINITY : y;
  y = w >= 0 ? y : NAN;
  return x > -1e-7f && x < 1e-7f ? x : y;
}

INLINE float tanh_of(float x) {
  float size = fabsf(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float near = p * z * x + x;
  float far = copysignf(1 - 2 / (exp_of(2 * size) + 1), x);
  float y = size < 0.625f ? near : far;
  return x == x ? y : x;
}

INLINE float sigmoid_of(float x) {
  float e = exp_of(-fabsf(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

INLINE float softplus_of(float x) {
  float e = exp_of(-fabsf(x));
  float w = 1 + e;
  float y = log_of_normal(w, 0) + (e - (w - 1)) / w;
  y = e < 1e-7f ? e : y;
  return x > 0 ? x + y : x == x ? y : x;
}

// Polynomials of N. Juffa for the two ranges.
INLINE float erf_of(float x) {
  float t = fabsf(x), s = x * x;
  float r = -1.72853470e-5f * t + 3.83197126e-4f;
  float u = -3.88396438e-3f * t + 2.42546219e-2f;
  r = r * s + u;
  r = r * t - 1.06777877e-1f;
  r = r * t - 6.34846687e-1f;
  r = r * t - 1.28717512e-1f;
  r = r * t - t;
  float far = copysignf(1 - exp_of(t > 4.0f ? -18.0f : r), x);
  float p = -5.96761703e-4f;
  p = p * s + 4.99119423e-3f;
  p = p * s - 2.67681349e-2f;
  p = p * s + 1.12819925e-1f;
  p = p * s - 3.76125336e-1f;
  p = p * s + 1.28379166e-1f;
  float near = p * x + x;
  float y = t > 0.921875f ? far : near;
  return x == x ? y : x;
}

INLINE float gelu_of(float x) {
  float y = 0.5f * x * (1 + erf_of(x * 0.70710678118654752f));
  return x == -INFINITY ? 0 : y;
}

INLINE float gelu_slope(float x) {
  float density = exp_of(-0.5f * x * x) * 0.3989422804014327f;
  return 0.5f * (1 + erf_of(x * 0.70710678118654752f)) + (density == 0 ? 0 : x * density);
}

UNARY(exp, exp_of(x[i]))
UNARY(expm1, expm1_of(x[i]))
UNARY(log, log_of(x[i]))
UNARY(log1p, log1p_of(x[i]))
UNARY(tanh, tanh_of(x[i]))
UNARY(erf, erf_of(x[i]))
UNARY(sigmoid, sigmoid_of(x[i]))
UNARY(softplus, softplus_of(x[i]))
UNARY(gelu, gelu_of(x[i]))
UNARY(sqrt, __builtin_elementwise_sqrt(x[i]))
UNARY(relu, x[i] < 0 ? 0 : x[i])

BINARY(add, a[i] + b[i])
BINARY(subtract, a[i] - b[i])
BINARY(multiply, a[i] * b[i])
BINARY(divide, a[i] / b[i])
BINARY(gelu_gradient, gelu_slope(a[i]) * b[i])
BINARY(relu_gradient, a[i] > 0 ? b[i] : 0)

INLINE void leaky_relu_body(const float *x, float *y, int64_t count, float slope) {
  EACH y[i] = x[i] > 0 ? x[i] : slope * x[i];
}
DISPATCH(leaky_relu, (const float *x, float *y, int64_t count, float slope), (x, y, count, slope))

INLINE void scale_shift_body(const float *x, float *y, int64_t count, float scale, float shift) {
  EACH y[i] = x[i] * scale + shift;
}
DISPATCH(scale_shift, (const float *x, float *y, int64_t count, float scale, float shift),
         (x, y, count, scale, shift))

INLINE void combine_body(const float *u, const float *v, float *y, int64_t count, float a, float b, float c) {
  EACH y[i] = (a * u[i] + b * v[i]) + c;
}
DISPATCH(combine, (const float *u, const float *v, float *y, int64_t count, float a, float b, float c),
         (u, v, y, count, a, b, c))

INLINE void accumulate_body(const float *x, float *y, int64_t count) { EACH y[i] += x[i]; }
DISPATCH(accumulate, (const float *x, float *y, int64_t count), (x, y, count))
