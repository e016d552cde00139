#include "decode.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))
#endif
#include "kernels.h"

// Elements that are worked on at a time: 16 KiB of doubles.
enum { PIECE = 2048 };

static const size_t SIZES[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};

// ---- one type, contiguous, native order --------------------------------------------------------------

// A packed number is compared in double, which holds every value of the types up to 32 bits and of floats
// exactly; 64-bit integers are rounded, as the limits themselves were when they became double.
// Adding -0.0 changes no number, adding +0.0 would turn -0.0 into 0.0.
#define DECODE(NAME, T, ATTRIBUTE)                                                                          \
  ATTRIBUTE static void NAME(const isotach_decoding *d, const T *restrict src, size_t n, float *restrict dst, \
                             uint8_t *restrict valid) {                                                     \
    const double m0 = d->missing_count > 0 ? d->missing[0] : NAN;                                           \
    const double m1 = d->missing_count > 1 ? d->missing[1] : m0;                                            \
    const double lo = d->minimum, hi = d->maximum;                                                          \
    const double scale = d->scale, offset = d->offset == 0 ? -0.0 : d->offset;                              \
    for (size_t i = 0; i < n; i++) {                                                                        \
      const double v = (double)src[i];                                                                      \
      const float f = (float)(v * scale + offset);                                                          \
      const int ok = (v != m0) & (v != m1) & (v >= lo) & (v <= hi) & (fabsf(f) <= 3.402823466e+38f);        \
      dst[i] = ok ? f : NAN;                                                                                \
      valid[i] = (uint8_t)ok;                                                                               \
    }                                                                                                       \
    for (int k = 2; k < d->missing_count; k++) {                                                            \
      const double m = d->missing[k];                                                                       \
      for (size_t i = 0; i < n; i++)                                                                        \
        if ((double)src[i] == m) dst[i] = NAN, valid[i] = 0;                                                \
    }                                                                                                       \
  }

// float32 that is not scaled: all tests fit into float, eight lanes instead of four.
#define DECODE_PLAIN_FLOAT(NAME, ATTRIBUTE)                                                                 \
  ATTRIBUTE static void NAME(float m0, float m1, float lo, float hi, const float *restrict src, size_t n,   \
                             float *restrict dst, uint8_t *restrict valid) {                                \
    for (size_t i = 0; i < n; i++) {                                                                        \
      const float v = src[i];                                                                               \
      const int ok = (v != m0) & (v != m1) & (v >= lo) & (v <= hi) & (fabsf(v) <= 3.402823466e+38f);        \
      dst[i] = ok ? v : NAN;                                                                                \
      valid[i] = (uint8_t)ok;                                                                               \
    }                                                                                                       \
  }

#define DECODE_ALL(SUFFIX, ATTRIBUTE)        \
  DECODE(i8_##SUFFIX, int8_t, ATTRIBUTE)     \
  DECODE(u8_##SUFFIX, uint8_t, ATTRIBUTE)    \
  DECODE(i16_##SUFFIX, int16_t, ATTRIBUTE)   \
  DECODE(u16_##SUFFIX, uint16_t, ATTRIBUTE)  \
  DECODE(i32_##SUFFIX, int32_t, ATTRIBUTE)   \
  DECODE(u32_##SUFFIX, uint32_t, ATTRIBUTE)  \
  DECODE(i64_##SUFFIX, int64_t, ATTRIBUTE)   \
  DECODE(u64_##SUFFIX, uint64_t, ATTRIBUTE)  \
  DECODE(f32_##SUFFIX, float, ATTRIBUTE)     \
  DECODE(f64_##SUFFIX, double, ATTRIBUTE)    \
  DECODE_PLAIN_FLOAT(plain_##SUFFIX, ATTRIBUTE)

DECODE_ALL(reference, )
#if defined(AVX2)
DECODE_ALL(avx2, AVX2)
#endif

// The limits of a plain float32 as float; 0 when one of them is not a float (then the double form is used).
static int plain_limits(const isotach_decoding *d, float *m0, float *m1, float *lo, float *hi) {
  if (d->type != ISOTACH_FLOAT32 || d->scale != 1 || d->offset != 0 || d->missing_count > 2) return 0;
  // A missing value that no float equals matches nothing, as NaN.
  *m0 = d->missing_count > 0 && (double)(float)d->missing[0] == d->missing[0] ? (float)d->missing[0] : NAN;
  *m1 = d->missing_count > 1 && (double)(float)d->missing[1] == d->missing[1] ? (float)d->missing[1] : *m0;
  *lo = (float)d->minimum, *hi = (float)d->maximum;
  return (double)*lo == d->minimum && (double)*hi == d->maximum;
}

#define DISPATCH(SUFFIX)                                                                  \
  switch (d->type) {                                                                      \
    case ISOTACH_INT8: i8_##SUFFIX(d, (const int8_t *)src, n, dst, valid); break;         \
    case ISOTACH_UINT8: u8_##SUFFIX(d, (const uint8_t *)src, n, dst, valid); break;       \
    case ISOTACH_INT16: i16_##SUFFIX(d, (const int16_t *)src, n, dst, valid); break;      \
    case ISOTACH_UINT16: u16_##SUFFIX(d, (const uint16_t *)src, n, dst, valid); break;    \
    case ISOTACH_INT32: i32_##SUFFIX(d, (const int32_t *)src, n, dst, valid); break;      \
    case ISOTACH_UINT32: u32_##SUFFIX(d, (const uint32_t *)src, n, dst, valid); break;    \
    case ISOTACH_INT64: i64_##SUFFIX(d, (const int64_t *)src, n, dst, valid); break;      \
    case ISOTACH_UINT64: u64_##SUFFIX(d, (const uint64_t *)src, n, dst, valid); break;    \
    case ISOTACH_FLOAT32: f32_##SUFFIX(d, (const float *)src, n, dst, valid); break;      \
    case ISOTACH_FLOAT64: f64_##SUFFIX(d, (const double *)src, n, dst, valid); break;     \
    default: break;                                                                       \
  }

static void decode_native(const isotach_decoding *d, int fast, const void *src, size_t n, float *dst,
                          uint8_t *valid) {
  float m0, m1, lo, hi;
  const int plain = plain_limits(d, &m0, &m1, &lo, &hi);
#if defined(AVX2)
  if (fast) {
    if (plain)
      plain_avx2(m0, m1, lo, hi, (const float *)src, n, dst, valid);
    else
      DISPATCH(avx2)
    return;
  }
#endif
  (void)fast;
  if (plain)
    plain_reference(m0, m1, lo, hi, (const float *)src, n, dst, valid);
  else
    DISPATCH(reference)
}

// ---- byte order and strides --------------------------------------------------------------------------

static void swap_contiguous(const uint8_t *restrict src, uint8_t *restrict dst, size_t n, size_t size) {
  switch (size) {
    case 2:
      for (size_t i = 0; i < n; i++) {
        uint16_t v;
        memcpy(&v, src + 2 * i, 2);
        v = __builtin_bswap16(v);
        memcpy(dst + 2 * i, &v, 2);
      }
      break;
    case 4:
      for (size_t i = 0; i < n; i++) {
        uint32_t v;
        memcpy(&v, src + 4 * i, 4);
        v = __builtin_bswap32(v);
        memcpy(dst + 4 * i, &v, 4);
      }
      break;
    case 8:
      for (size_t i = 0; i < n; i++) {
        uint64_t v;
        memcpy(&v, src + 8 * i, 8);
        v = __builtin_bswap64(v);
        memcpy(dst + 8 * i, &v, 8);
      }
      break;
    default:
      for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < size; b++) dst[i * size + b] = src[i * size + size - 1 - b];
  }
}

#if defined(AVX2)
AVX2 static void swap_avx2(const uint8_t *restrict src, uint8_t *restrict dst, size_t n, size_t size) {
  __m256i order;
  if (size == 2)
    order = _mm256_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11,
                             10, 13, 12, 15, 14);
  else if (size == 4)
    order = _mm256_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9,
                             8, 15, 14, 13, 12);
  else
    order = _mm256_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14,
                             13, 12, 11, 10, 9, 8);
  size_t bytes = n * size, i = 0;
  for (; i + 32 <= bytes; i += 32) {
    __m256i v = _mm256_loadu_si256((const __m256i *)(src + i));
    _mm256_storeu_si256((__m256i *)(dst + i), _mm256_shuffle_epi8(v, order));
  }
  swap_contiguous(src + i, dst + i, (bytes - i) / size, size);
}
#endif

static void swap_elements(const uint8_t *src, uint8_t *dst, size_t n, size_t size, int fast) {
#if defined(AVX2)
  if (fast && (size == 2 || size == 4 || size == 8)) {
    swap_avx2(src, dst, n, size);
    return;
  }
#endif
  (void)fast;
  swap_contiguous(src, dst, n, size);
}

void isotach_copy_elements(const uint8_t *src, ptrdiff_t src_stride, size_t n, size_t size, int swap, uint8_t *dst,
                           ptrdiff_t dst_stride) {
  if (src_stride == 1 && dst_stride == 1) {
    if (swap && size > 1)
      swap_elements(src, dst, n, size, isotach_cpu_level() > 0);
    else
      memcpy(dst, src, n * size);
    return;
  }
  const ptrdiff_t from = src_stride * (ptrdiff_t)size, to = dst_stride * (ptrdiff_t)size;
#define COPY(SIZE, T, SWAP)                           \
  for (size_t i = 0; i < n; i++) {                    \
    T v;                                              \
    memcpy(&v, src + (ptrdiff_t)i * from, SIZE);      \
    if (swap) v = SWAP(v);                            \
    memcpy(dst + (ptrdiff_t)i * to, &v, SIZE);        \
  }
  switch (size) {
    case 1:
      for (size_t i = 0; i < n; i++) dst[(ptrdiff_t)i * to] = src[(ptrdiff_t)i * from];
      break;
    case 2: COPY(2, uint16_t, __builtin_bswap16) break;
    case 4: COPY(4, uint32_t, __builtin_bswap32) break;
    case 8: COPY(8, uint64_t, __builtin_bswap64) break;
    default:
      for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < size; b++)
          dst[(ptrdiff_t)i * to + (ptrdiff_t)b] = src[(ptrdiff_t)i * from + (ptrdiff_t)(swap ? size - 1 - b : b)];
  }
}

// ---- pieces ------------------------------------------------------------------------------------------

// Decodes a piece that is contiguous and in native order, to any stride.
static void decode_piece(const isotach_decoding *d, int fast, const void *src, size_t n, float *dst,
                         ptrdiff_t dst_stride, uint8_t *valid) {
  uint8_t flags[PIECE];
  if (dst_stride == 1) {
    decode_native(d, fast, src, n, dst, valid ? valid : flags);
    return;
  }
  float values[PIECE];
  decode_native(d, fast, src, n, values, flags);
  for (size_t i = 0; i < n; i++) dst[(ptrdiff_t)i * dst_stride] = values[i];
  if (valid)
    for (size_t i = 0; i < n; i++) valid[(ptrdiff_t)i * dst_stride] = flags[i];
}

static void decode_any(const isotach_decoding *d, int fast, const uint8_t *src, ptrdiff_t src_stride, size_t n,
                       float *dst, ptrdiff_t dst_stride, uint8_t *valid) {
  if (d->type < 0 || d->type > ISOTACH_FLOAT64) return;
  const size_t size = SIZES[d->type];
  _Alignas(64) uint8_t native[PIECE * 8];
  for (size_t i = 0; i < n; i += PIECE) {
    const size_t m = n - i < PIECE ? n - i : PIECE;
    const uint8_t *from = src + (ptrdiff_t)i * src_stride * (ptrdiff_t)size;
    const uint8_t *piece = native;
    if (src_stride == 1 && !(d->swap && size > 1) && ((uintptr_t)from % size) == 0)
      piece = from;
    else if (src_stride == 1 && d->swap && size > 1)
      swap_elements(from, native, m, size, fast);
    else
      isotach_copy_elements(from, src_stride, m, size, d->swap, native, 1);
    decode_piece(d, fast, piece, m, dst + (ptrdiff_t)i * dst_stride, dst_stride,
                 valid ? valid + (ptrdiff_t)i * dst_stride : 0);
  }
}

void isotach_decode(const isotach_decoding *d, const uint8_t *src, ptrdiff_t src_stride, size_t n, float *dst,
                    ptrdiff_t dst_stride, uint8_t *valid) {
  decode_any(d, isotach_cpu_level() > 0, src, src_stride, n, dst, dst_stride, valid);
}

void isotach_decode_reference(const isotach_decoding *d, const uint8_t *src, ptrdiff_t src_stride, size_t n, float *dst,
                              ptrdiff_t dst_stride, uint8_t *valid) {
  decode_any(d, 0, src, src_stride, n, dst, dst_stride, valid);
}

// ---- shuffle -----------------------------------------------------------------------------------------

void isotach_unshuffle_reference(const uint8_t *planes, size_t total, size_t first, size_t n, size_t size,
                                 uint8_t *dst) {
  for (size_t b = 0; b < size; b++) {
    const uint8_t *plane = planes + b * total + first;
    for (size_t i = 0; i < n; i++) dst[i * size + b] = plane[i];
  }
}

#if defined(AVX2)
AVX2 static size_t unshuffle2_avx2(const uint8_t *p, size_t total, size_t n, uint8_t *dst) {
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    __m256i a = _mm256_loadu_si256((const __m256i *)(p + i));
    __m256i b = _mm256_loadu_si256((const __m256i *)(p + total + i));
    __m256i lo = _mm256_unpacklo_epi8(a, b), hi = _mm256_unpackhi_epi8(a, b);
    _mm256_storeu_si256((__m256i *)(dst + 2 * i), _mm256_permute2x128_si256(lo, hi, 0x20));
    _mm256_storeu_si256((__m256i *)(dst + 2 * i + 32), _mm256_permute2x128_si256(lo, hi, 0x31));
  }
  return i;
}

AVX2 static size_t unshuffle4_avx2(const uint8_t *p, size_t total, size_t n, uint8_t *dst) {
  size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    __m256i a = _mm256_loadu_si256((const __m256i *)(p + i));
    __m256i b = _mm256_loadu_si256((const __m256i *)(p + total + i));
    __m256i c = _mm256_loadu_si256((const __m256i *)(p + 2 * total + i));
    __m256i e = _mm256_loadu_si256((const __m256i *)(p + 3 * total + i));
    __m256i ab0 = _mm256_unpacklo_epi8(a, b), ab1 = _mm256_unpackhi_epi8(a, b);
    __m256i ce0 = _mm256_unpacklo_epi8(c, e), ce1 = _mm256_unpackhi_epi8(c, e);
    // Each holds elements of both halves: q0 = 0-3 | 16-19, q1 = 4-7 | 20-23, q2 = 8-11 | 24-27, q3 = 12-15 | 28-31.
    __m256i q0 = _mm256_unpacklo_epi16(ab0, ce0), q1 = _mm256_unpackhi_epi16(ab0, ce0);
    __m256i q2 = _mm256_unpacklo_epi16(ab1, ce1), q3 = _mm256_unpackhi_epi16(ab1, ce1);
    __m256i *out = (__m256i *)(dst + 4 * i);
    _mm256_storeu_si256(out, _mm256_permute2x128_si256(q0, q1, 0x20));
    _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(q2, q3, 0x20));
    _mm256_storeu_si256(out + 2, _mm256_permute2x128_si256(q0, q1, 0x31));
    _mm256_storeu_si256(out + 3, _mm256_permute2x128_si256(q2, q3, 0x31));
  }
  return i;
}

AVX2 static size_t unshuffle8_avx2(const uint8_t *p, size_t total, size_t n, uint8_t *dst) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m128i v[8];
    for (int k = 0; k < 8; k++) v[k] = _mm_loadu_si128((const __m128i *)(p + (size_t)k * total + i));
    __m128i a0 = _mm_unpacklo_epi8(v[0], v[1]), a1 = _mm_unpackhi_epi8(v[0], v[1]);
    __m128i b0 = _mm_unpacklo_epi8(v[2], v[3]), b1 = _mm_unpackhi_epi8(v[2], v[3]);
    __m128i c0 = _mm_unpacklo_epi8(v[4], v[5]), c1 = _mm_unpackhi_epi8(v[4], v[5]);
    __m128i e0 = _mm_unpacklo_epi8(v[6], v[7]), e1 = _mm_unpackhi_epi8(v[6], v[7]);
    __m128i ab[4] = {_mm_unpacklo_epi16(a0, b0), _mm_unpackhi_epi16(a0, b0), _mm_unpacklo_epi16(a1, b1),
                     _mm_unpackhi_epi16(a1, b1)};
    __m128i ce[4] = {_mm_unpacklo_epi16(c0, e0), _mm_unpackhi_epi16(c0, e0), _mm_unpacklo_epi16(c1, e1),
                     _mm_unpackhi_epi16(c1, e1)};
    __m128i *out = (__m128i *)(dst + 8 * i);
    for (int k = 0; k < 4; k++) {
      _mm_storeu_si128(out + 2 * k, _mm_unpacklo_epi32(ab[k], ce[k]));
      _mm_storeu_si128(out + 2 * k + 1, _mm_unpackhi_epi32(ab[k], ce[k]));
    }
  }
  return i;
}
#endif

static void unshuffle(const uint8_t *planes, size_t total, size_t first, size_t n, size_t size, uint8_t *dst,
                      int fast) {
  size_t done = 0;
#if defined(AVX2)
  if (fast) {
    if (size == 2) done = unshuffle2_avx2(planes + first, total, n, dst);
    if (size == 4) done = unshuffle4_avx2(planes + first, total, n, dst);
    if (size == 8) done = unshuffle8_avx2(planes + first, total, n, dst);
  }
#endif
  (void)fast;
  isotach_unshuffle_reference(planes, total, first + done, n - done, size, dst + done * size);
}

void isotach_unshuffle(const uint8_t *planes, size_t total, size_t first, size_t n, size_t size, uint8_t *dst) {
  unshuffle(planes, total, first, n, size, dst, isotach_cpu_level() > 0);
}

void isotach_decode_shuffled(const isotach_decoding *d, const uint8_t *planes, size_t total, size_t first, size_t n,
                             float *dst, ptrdiff_t dst_stride, uint8_t *valid) {
  if (d->type < 0 || d->type > ISOTACH_FLOAT64) return;
  const int fast = isotach_cpu_level() > 0;
  const size_t size = SIZES[d->type];
  _Alignas(64) uint8_t native[PIECE * 8];
  _Alignas(64) uint8_t other[PIECE * 8];
  for (size_t i = 0; i < n; i += PIECE) {
    const size_t m = n - i < PIECE ? n - i : PIECE;
    unshuffle(planes, total, first + i, m, size, native, fast);
    const uint8_t *piece = native;
    if (d->swap && size > 1) {
      swap_elements(native, other, m, size, fast);
      piece = other;
    }
    decode_piece(d, fast, piece, m, dst + (ptrdiff_t)i * dst_stride, dst_stride,
                 valid ? valid + (ptrdiff_t)i * dst_stride : 0);
  }
}

// ---- checksum ----------------------------------------------------------------------------------------

uint32_t isotach_fletcher32(const uint8_t *bytes, size_t n) {
  // After HDF5's H5_checksum_fletcher32: sums are folded after at most 360 words, so they cannot overflow.
  size_t words = n / 2;
  uint32_t sum1 = 0, sum2 = 0;
  while (words > 0) {
    size_t part = words > 360 ? 360 : words;
    words -= part;
    while (part-- > 0) {
      sum1 += (uint32_t)((uint16_t)bytes[0] << 8 | bytes[1]);
      bytes += 2;
      sum2 += sum1;
    }
    sum1 = (sum1 & 0xffff) + (sum1 >> 16);
    sum2 = (sum2 & 0xffff) + (sum2 >> 16);
  }
  if (n % 2) {
    sum1 += (uint32_t)((uint16_t)*bytes << 8);
    sum2 += sum1;
    sum1 = (sum1 & 0xffff) + (sum1 >> 16);
    sum2 = (sum2 & 0xffff) + (sum2 >> 16);
  }
  sum1 = (sum1 & 0xffff) + (sum1 >> 16);
  sum2 = (sum2 & 0xffff) + (sum2 >> 16);
  return (sum2 << 16) | sum1;
}
