// What follows a sum: residual, activation. Included by templates.

#include "epilogue_values_template.h"

// Backward through a rectifier with the output `mask`.
INLINE V FN(masked)(V v, V mask, const FN(finish_values) *f) {
  V zero = {0}, below = f->activation == ISOTACH_LEAKY ? v * f->slope : zero;
  return SELECT(mask > zero, v, below);
}

// The maxima of 2 x 2 of the pixels from (y0, x0), even numbers, rows x columns of them, of one block and image.
INLINE void FN(pool)(const isotach_blocked *y, const isotach_blocked *pooled, int64_t block, int64_t image, int64_t y0,
                     int64_t x0, int64_t rows, int64_t columns) {
  const float *source = y->data + block * y->block_step + image * y->image_step + y0 * y->row_step + x0 * ISOTACH_LANES;
  float *target = pooled->data + block * pooled->block_step + image * pooled->image_step + y0 / 2 * pooled->row_step
                  + x0 / 2 * ISOTACH_LANES;
  for (int64_t i = 0; i < rows / 2; ++i)
    for (int64_t j = 0; j < columns / 2; ++j)
      for (int64_t h = 0; h < ISOTACH_LANES; h += VECTOR_LANES) {
        const float *s = source + 2 * i * y->row_step + 2 * j * ISOTACH_LANES + h;
        V most = LOAD(s);
        const float *others[3] = {s + ISOTACH_LANES, s + y->row_step, s + y->row_step + ISOTACH_LANES};
        for (int k = 0; k < 3; ++k) {
          V v = LOAD(others[k]);
          // A NaN wins, as in max pooling elsewhere.
          most = SELECT((most >= v) | (most != most), most, v);
        }
        STORE(target + i * pooled->row_step + j * ISOTACH_LANES + h, most);
      }
}

// The results of `rows` pixels of some blocks, from sums that are `wide` apart.
static void FN(finish_pixels)(int64_t rows, int64_t wide, const float *sums, const float *bias,
                              const isotach_epilogue *e, const isotach_bases *bases, const isotach_offsets *at) {
  FN(finish_values) finish = FN(finish_of)(e);
  for (int64_t j = 0; j < wide; j += VECTOR_LANES) {
    V offset = LOAD(bias + j);
    int64_t block = j / ISOTACH_LANES, lane = j % ISOTACH_LANES;
    float *target = bases->y[block] + lane;
    const float *added = e->residual ? bases->residual[block] + lane : 0;
    const float *masks = e->mask ? bases->mask[block] + lane : 0;
    for (int64_t i = 0; i < rows; ++i) {
      V v = LOAD(sums + i * wide + j) + offset;
      if (added) v += LOAD(added + at->residual[i]);
      STORE(target + at->y[i], masks ? FN(masked)(v, LOAD(masks + at->mask[i]), &finish) : FN(finish)(v, &finish));
    }
  }
}
