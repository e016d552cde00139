#include "encode.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

void isotach_shuffle_reference(uint8_t *target, const uint8_t *source, size_t bytes, size_t element_size) {
  if (element_size <= 1) {
    if (bytes) memcpy(target, source, bytes);
    return;
  }
  size_t count = bytes / element_size;
  for (size_t plane = 0; plane < element_size; plane++)
    for (size_t i = 0; i < count; i++) target[plane * count + i] = source[i * element_size + plane];
  size_t done = count * element_size;
  if (bytes > done) memcpy(target + done, source + done, bytes - done);
}

// The plain loop again with the size known, which the compiler turns into something decent.
#define PLANES(SIZE)                                                              \
  static void planes_##SIZE(uint8_t *target, const uint8_t *source, size_t count, size_t from) { \
    for (size_t i = from; i < count; i++)                                         \
      for (size_t plane = 0; plane < SIZE; plane++)                               \
        target[plane * count + i] = source[i * SIZE + plane];                     \
  }
PLANES(2)
PLANES(4)
PLANES(8)

#if defined(__x86_64__)
// 32 elements of 4 bytes at a time: sort the bytes of each 16-byte lane by plane, then gather the planes.
__attribute__((target("avx2"))) static size_t avx2_4(uint8_t *target, const uint8_t *source, size_t count) {
  const __m256i by_plane = _mm256_setr_epi8(
      0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  // After the two unpack steps below the 4-element groups stand in the order 0 2 4 6 1 3 5 7.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m256i *in = (const __m256i *)(source + 4 * i);
    __m256i a = _mm256_shuffle_epi8(_mm256_loadu_si256(in + 0), by_plane);  // groups 0 | 1
    __m256i b = _mm256_shuffle_epi8(_mm256_loadu_si256(in + 1), by_plane);  // groups 2 | 3
    __m256i c = _mm256_shuffle_epi8(_mm256_loadu_si256(in + 2), by_plane);  // groups 4 | 5
    __m256i d = _mm256_shuffle_epi8(_mm256_loadu_si256(in + 3), by_plane);  // groups 6 | 7
    __m256i ab_low = _mm256_unpacklo_epi32(a, b), ab_high = _mm256_unpackhi_epi32(a, b);
    __m256i cd_low = _mm256_unpacklo_epi32(c, d), cd_high = _mm256_unpackhi_epi32(c, d);
    __m256i p0 = _mm256_unpacklo_epi64(ab_low, cd_low), p1 = _mm256_unpackhi_epi64(ab_low, cd_low);
    __m256i p2 = _mm256_unpacklo_epi64(ab_high, cd_high), p3 = _mm256_unpackhi_epi64(ab_high, cd_high);
    _mm256_storeu_si256((__m256i *)(target + 0 * count + i), _mm256_permutevar8x32_epi32(p0, order));
    _mm256_storeu_si256((__m256i *)(target + 1 * count + i), _mm256_permutevar8x32_epi32(p1, order));
    _mm256_storeu_si256((__m256i *)(target + 2 * count + i), _mm256_permutevar8x32_epi32(p2, order));
    _mm256_storeu_si256((__m256i *)(target + 3 * count + i), _mm256_permutevar8x32_epi32(p3, order));
  }
  return i;
}
#endif

void isotach_shuffle(uint8_t *target, const uint8_t *source, size_t bytes, size_t element_size) {
  size_t count = element_size ? bytes / element_size : 0;
  switch (element_size) {
    case 2: planes_2(target, source, count, 0); break;
    case 4: {
      size_t from = 0;
#if defined(__x86_64__)
      if (__builtin_cpu_supports("avx2")) from = avx2_4(target, source, count);
#endif
      planes_4(target, source, count, from);
      break;
    }
    case 8: planes_8(target, source, count, 0); break;
    default: isotach_shuffle_reference(target, source, bytes, element_size); return;
  }
  size_t done = count * element_size;
  if (bytes > done) memcpy(target + done, source + done, bytes - done);
}
