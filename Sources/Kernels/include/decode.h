#pragma once
#include <stddef.h>
#include <stdint.h>

// From the bytes of a file to float32 and validity, in one pass over pieces that stay in the first cache.

/// Number types of files.
enum {
  ISOTACH_INT8, ISOTACH_UINT8, ISOTACH_INT16, ISOTACH_UINT16, ISOTACH_INT32, ISOTACH_UINT32,
  ISOTACH_INT64, ISOTACH_UINT64, ISOTACH_FLOAT32, ISOTACH_FLOAT64
};

enum { ISOTACH_MAX_MISSING = 16 };

/// How packed numbers become values; all tests are made on the packed number.
typedef struct {
  int type;
  /// The bytes are in the other order than this machine's.
  int swap;
  int missing_count;
  double missing[ISOTACH_MAX_MISSING];
  /// Packed numbers outside are missing; infinite when there is no limit.
  double minimum, maximum;
  /// value = scale * packed + offset, in double.
  double scale, offset;
} isotach_decoding;

/// Decodes `n` elements: element i is at `src + i * src_stride * size` and goes to `dst[i * dst_stride]`.
/// Missing, NaN and infinite values become NaN; `valid` (may be NULL), laid out as `dst`, becomes 1 or 0.
void isotach_decode(const isotach_decoding *d, const uint8_t *src, ptrdiff_t src_stride, size_t n, float *dst,
                    ptrdiff_t dst_stride, uint8_t *valid);
void isotach_decode_reference(const isotach_decoding *d, const uint8_t *src, ptrdiff_t src_stride, size_t n,
                              float *dst, ptrdiff_t dst_stride, uint8_t *valid);

/// The same for elements `first ..< first + n` of a chunk of `total` elements that HDF5's shuffle filter has
/// taken apart into byte planes.
void isotach_decode_shuffled(const isotach_decoding *d, const uint8_t *planes, size_t total, size_t first,
                             size_t n, float *dst, ptrdiff_t dst_stride, uint8_t *valid);

/// Undoes HDF5's shuffle filter for elements `first ..< first + n` of `total` elements of `size` bytes.
void isotach_unshuffle(const uint8_t *planes, size_t total, size_t first, size_t n, size_t size, uint8_t *dst);
void isotach_unshuffle_reference(const uint8_t *planes, size_t total, size_t first, size_t n, size_t size,
                                 uint8_t *dst);

/// Copies `n` elements of `size` bytes with strides counted in elements, turning the bytes of each around
/// when `swap` is set.
void isotach_copy_elements(const uint8_t *src, ptrdiff_t src_stride, size_t n, size_t size, int swap,
                           uint8_t *dst, ptrdiff_t dst_stride);

/// HDF5's Fletcher checksum of 16-bit big-endian words.
uint32_t isotach_fletcher32(const uint8_t *bytes, size_t n);
