#include "planar.h"

#include "../vectors.h"

#define TEMPLATE "planar_template.h"
#include "each_isa.h"

void isotach_planar_gather(int level, const isotach_planar *p, const isotach_blocked *x, int64_t block, int64_t image,
                           int64_t y0, int64_t rows, int64_t x0, int64_t columns, float *planes) {
  OF_LEVEL(level, gather)(p, x, block, image, y0, rows, x0, columns, planes);
}

void isotach_planar_sums(int level, const isotach_planar *p, int64_t rows, int64_t columns, const float *planes,
                         const float *b, float *sums, int adds) {
  OF_LEVEL(level, sums)(p, rows, columns, planes, b, sums, adds);
}

void isotach_planar_finish(int level, int64_t columns, const float *sums, float bias, const float *residual,
                           const isotach_epilogue *epilogue, float *y) {
  OF_LEVEL(level, finish_line)(columns, sums, bias, residual, epilogue, y);
}
