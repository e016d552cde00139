#include <math.h>

#include "kernels.h"

static inline void rounds(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1,
                          uint32_t words[4]) {
  for (int round = 0; round < 10; ++round) {
    uint64_t a = (uint64_t)0xD2511F53u * c0, b = (uint64_t)0xCD9E8D57u * c2;
    uint32_t n0 = (uint32_t)(b >> 32) ^ c1 ^ k0, n2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)b;
    c3 = (uint32_t)a;
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

static inline void block(uint64_t seed, uint64_t stream, uint64_t index, uint32_t words[4]) {
  rounds((uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32), (uint32_t)seed,
         (uint32_t)(seed >> 32), words);
}

void isotach_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]) {
  rounds(counter[0], counter[1], counter[2], counter[3], key[0], key[1], words);
}

uint32_t isotach_philox_word(uint64_t seed, uint64_t stream, uint64_t index) {
  uint32_t words[4];
  block(seed, stream, index / 4, words);
  return words[index % 4];
}

uint64_t isotach_philox_wide(uint64_t seed, uint64_t stream, uint64_t index) {
  uint32_t words[4];
  block(seed, stream, index / 2, words);
  return index % 2 ? words[2] | (uint64_t)words[3] << 32 : words[0] | (uint64_t)words[1] << 32;
}

// The radius from (0, 1], so that the logarithm is finite; 32 bits reach 6.6 deviations.
static inline double normal(uint32_t a, uint32_t b) {
  double u = ((double)a + 1) * 0x1p-32, v = (double)b * 0x1p-32;
  return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

double isotach_philox_normal(uint64_t seed, uint64_t stream, uint64_t index) {
  uint64_t wide = isotach_philox_wide(seed, stream, index);
  return normal((uint32_t)wide, (uint32_t)(wide >> 32));
}

void isotach_philox_uniform(uint64_t seed, uint64_t stream, uint64_t first, float *target, int64_t count) {
  uint32_t words[4];
  for (int64_t k = 0; k < count; ++k) {
    uint64_t index = first + (uint64_t)k;
    if (k == 0 || index % 4 == 0) block(seed, stream, index / 4, words);
    target[k] = (float)(words[index % 4] >> 8) * 0x1p-24f;
  }
}

void isotach_philox_normals(uint64_t seed, uint64_t stream, uint64_t first, float *target, int64_t count) {
  for (int64_t k = 0; k < count; ++k)
    target[k] = (float)isotach_philox_normal(seed, stream, first + (uint64_t)k);
}
