#include "turn_template.h"

static void FN(pack)(const float *x, int64_t image_step, int64_t channels, const isotach_blocked *y, int64_t first,
                     int64_t last) {
  int64_t width = y->width, plane = y->height * width;
  for (int64_t r = first; r < last; ++r) {
    int64_t row = r % y->height, image = r / y->height % y->images, block = r / y->height / y->images;
    int64_t valid = channels - block * ISOTACH_LANES;
    if (valid > ISOTACH_LANES) valid = ISOTACH_LANES;
    const float *source = x + image * image_step + block * ISOTACH_LANES * plane + row * width;
    float *target = y->data + block * y->block_step + image * y->image_step + row * y->row_step;
    int64_t i = 0;
    for (; i + 16 <= width; i += 16) {
      v16 a[16];
      UNROLL for (int64_t c = 0; c < 16; ++c)
        a[c] = c < valid ? *(const v16u *)(source + c * plane + i) : (v16){0};
      FN(turn_16)(a);
      UNROLL for (int64_t c = 0; c < 16; ++c) *(v16u *)(target + (i + c) * ISOTACH_LANES) = a[c];
    }
    for (; i < width; ++i)
      for (int64_t c = 0; c < ISOTACH_LANES; ++c)
        target[i * ISOTACH_LANES + c] = c < valid ? source[c * plane + i] : 0;
  }
}

static void FN(unpack)(const isotach_blocked *x, int64_t channels, float *y, int64_t image_step, int64_t first,
                       int64_t last) {
  int64_t width = x->width, plane = x->height * width;
  for (int64_t r = first; r < last; ++r) {
    int64_t row = r % x->height, image = r / x->height % x->images, block = r / x->height / x->images;
    int64_t valid = channels - block * ISOTACH_LANES;
    if (valid > ISOTACH_LANES) valid = ISOTACH_LANES;
    float *target = y + image * image_step + block * ISOTACH_LANES * plane + row * width;
    const float *source = x->data + block * x->block_step + image * x->image_step + row * x->row_step;
    int64_t i = 0;
    for (; i + 16 <= width; i += 16) {
      v16 a[16];
      UNROLL for (int64_t c = 0; c < 16; ++c) a[c] = *(const v16u *)(source + (i + c) * ISOTACH_LANES);
      FN(turn_16)(a);
      UNROLL for (int64_t c = 0; c < 16; ++c)
        if (c < valid) *(v16u *)(target + c * plane + i) = a[c];
    }
    for (; i < width; ++i)
      for (int64_t c = 0; c < valid; ++c) target[c * plane + i] = source[i * ISOTACH_LANES + c];
  }
}
