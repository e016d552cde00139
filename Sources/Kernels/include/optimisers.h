#pragma once
#include <stdint.h>

// Steps of optimisers that take roots, for numbers in a row; formulas in Networks/Optimisers. Each element is
// computed alone, by the same operations on every instruction set. The rows do not overlap.

/// p = p * shrink - size * m / (sqrt(v) / root + epsilon) with the running means m and v of g + decay * p and of
/// its square.
void isotach_adam_step(float *p, const float *g, float *m, float *v, int64_t count, float beta1, float rest1,
                       float beta2, float rest2, float size, float root, float shrink, float decay, float epsilon);
void isotach_adagrad_step(float *p, const float *g, float *sum, int64_t count, float rate, float decay,
                          float epsilon);
void isotach_adadelta_step(float *p, const float *g, float *square, float *steps, int64_t count, float rate,
                           float decay, float keep, float take, float epsilon);
/// `buffer` (momentum) and `mean` (centred) may be NULL.
void isotach_rmsprop_step(float *p, const float *g, float *square, float *buffer, float *mean, int64_t count,
                          float rate, float decay, float keep, float take, float momentum, float epsilon);
