#pragma once
#include <stdint.h>

// Functions of every element. Each element is computed by the same operations wherever it stands and on whatever
// instruction set: the bits do not depend on how the work is cut. Source and target may be the same memory, but
// not overlap otherwise. Functions with a polynomial are within 4 units in the last place of the exact value
// where it is a normal number; NaN and the infinities go through as in the C library.

void isotach_exp(const float *x, float *y, int64_t count);
void isotach_expm1(const float *x, float *y, int64_t count);
void isotach_log(const float *x, float *y, int64_t count);
void isotach_log1p(const float *x, float *y, int64_t count);
void isotach_tanh(const float *x, float *y, int64_t count);
void isotach_erf(const float *x, float *y, int64_t count);
/// 1 / (1 + e^-x)
void isotach_sigmoid(const float *x, float *y, int64_t count);
/// log(1 + e^x)
void isotach_softplus(const float *x, float *y, int64_t count);
/// x (1 + erf(x / sqrt 2)) / 2; below -3 the error is one of the last place of x, not of the result.
void isotach_gelu(const float *x, float *y, int64_t count);
/// g times the derivative of `isotach_gelu` at x.
void isotach_gelu_gradient(const float *x, const float *g, float *y, int64_t count);
void isotach_sqrt(const float *x, float *y, int64_t count);
/// max(x, 0); NaN stays.
void isotach_relu(const float *x, float *y, int64_t count);
/// y = x > 0 ? g : 0
void isotach_relu_gradient(const float *x, const float *g, float *y, int64_t count);
/// x > 0 ? x : slope * x
void isotach_leaky_relu(const float *x, float *y, int64_t count, float slope);

void isotach_add(const float *a, const float *b, float *y, int64_t count);
void isotach_subtract(const float *a, const float *b, float *y, int64_t count);
void isotach_multiply(const float *a, const float *b, float *y, int64_t count);
void isotach_divide(const float *a, const float *b, float *y, int64_t count);
/// y = x * scale + shift
void isotach_scale_shift(const float *x, float *y, int64_t count, float scale, float shift);
/// y = a * u + b * v + c
void isotach_combine(const float *u, const float *v, float *y, int64_t count, float a, float b, float c);
/// y = y + x
void isotach_accumulate(const float *x, float *y, int64_t count);

// Sums in double, over 16 lanes whose order does not depend on the instruction set.

double isotach_sum(const float *x, int64_t count);
/// The sum of (x - centre)^2.
double isotach_sum_squares(const float *x, int64_t count, double centre);
/// The sum of a * (b - centre).
double isotach_sum_products(const float *a, const float *b, int64_t count, double centre);
/// sums[c] = the sum of column c over rows 0, 1, ... in this order, in double.
void isotach_sum_rows(const float *x, int64_t rows, int64_t columns, float *sums);
