#include "planar.h"

#include "../vectors.h"

typedef void (*plane_function)(const isotach_planar *p, const float *plane, const float *b, int64_t b_step, float *sums,
                               int64_t c_step, int adds);

#define TEMPLATE "planar_template.h"
#include "each_isa.h"

void isotach_planar_gather(int level, const isotach_planar *p, const isotach_blocked *x, int64_t block, int64_t image,
                           int64_t y0, int64_t rows, int64_t x0, int64_t columns, float *planes) {
  OF_LEVEL(level, gather)(p, x, block, image, y0, rows, x0, columns, planes);
}

void isotach_planar_sums(int level, const isotach_planar *p, int64_t filters, int64_t rows, int64_t columns,
                         const float *planes, const float *b, int64_t b_step, float *sums, int64_t c_step, int adds) {
  OF_LEVEL(level, sums)(p, filters, rows, columns, planes, b, b_step, sums, c_step, adds);
}

void isotach_planar_finish(int level, int64_t columns, const float *sums, float bias, const float *residual,
                           const isotach_epilogue *epilogue, float *y) {
  OF_LEVEL(level, finish_line)(columns, sums, bias, residual, epilogue, y);
}

void isotach_planar_gather_plain(int level, const isotach_planar *p, const float *x, int64_t height, int64_t width,
                                 int64_t y0, int64_t rows, int64_t x0, int64_t columns, float *planes) {
  OF_LEVEL(level, gather_plain)(p, x, height, width, y0, rows, x0, columns, planes);
}
