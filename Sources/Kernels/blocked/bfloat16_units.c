#define _GNU_SOURCE
#include "bfloat16.h"

#include "arithmetic.h"

// The units for bfloat16 that processors of the x86 family may have.

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdatomic.h>
#include <string.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define PAIRS_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma"), min_vector_width(512)))
#define TILES_TARGET __attribute__((target("amx-tile,amx-bf16,avx512f"), min_vector_width(512)))

// The system keeps the state of tiles only for processes that ask for it.
static int is_let(void) {
#if defined(__linux__) && defined(SYS_arch_prctl)
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return 0;
#endif
}

int isotach_bfloat16_has(int unit) {
  static atomic_int tiles = -1;
  if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512bw")) return 0;
  if (unit == ISOTACH_BFLOAT16_PAIRS) return 1;
  int known = atomic_load_explicit(&tiles, memory_order_relaxed);
  if (known < 0) {
    known = __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") && is_let();
    atomic_store_explicit(&tiles, known, memory_order_relaxed);
  }
  return known;
}

PAIRS_TARGET void isotach_bfloat16_round_pairs(int64_t count, const float *low, const float *high, int64_t step,
                                               uint16_t *target) {
  for (int64_t i = 0; i < count; ++i) {
    __m512 second = high ? _mm512_loadu_ps(high + i * step) : _mm512_setzero_ps();
    __m512bh both = _mm512_cvtne2ps_pbh(second, _mm512_loadu_ps(low + i * step));
    memcpy(target + i * ISOTACH_DEEP, &both, sizeof both);
  }
}

#define PAIRS(ROWS, VECTORS)                                                                                      \
  PAIRS_TARGET static void pairs_##ROWS##_##VECTORS(const isotach_bfloat16_terms *t, const uint16_t *const *row,  \
                                                    const uint16_t *b, float *c, int adds) {                      \
    __m512 sum[ROWS][VECTORS];                                                                                    \
    for (int i = 0; i < ROWS; ++i)                                                                                \
      for (int j = 0; j < VECTORS; ++j)                                                                           \
        sum[i][j] = adds ? _mm512_loadu_ps(c + i * t->wide + j * 16) : _mm512_setzero_ps();                       \
    for (int64_t s = 0; s < t->steps; ++s, b += 2 * ISOTACH_BFLOAT16_STEP_PAIRS * t->wide) {                      \
      const uint16_t *a[ROWS], *line = b;                                                                         \
      for (int i = 0; i < ROWS; ++i) a[i] = row[i] + t->offset[s];                                                \
      _Pragma("clang loop unroll(disable)") for (int64_t k = 0; k < 2 * t->pairs; k += 2, line += 2 * t->wide) {  \
        __m512bh value[VECTORS];                                                                                  \
        for (int j = 0; j < VECTORS; ++j) value[j] = (__m512bh)_mm512_loadu_si512(line + 32 * j);                 \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < ROWS; ++i) {                                       \
          int32_t two;                                                                                            \
          memcpy(&two, a[i] + k, sizeof two);                                                                     \
          for (int j = 0; j < VECTORS; ++j)                                                                       \
            sum[i][j] = _mm512_dpbf16_ps(sum[i][j], (__m512bh)_mm512_set1_epi32(two), value[j]);                  \
        }                                                                                                         \
      }                                                                                                           \
    }                                                                                                             \
    for (int i = 0; i < ROWS; ++i)                                                                                \
      for (int j = 0; j < VECTORS; ++j) _mm512_storeu_ps(c + i * t->wide + j * 16, sum[i][j]);                    \
  }
#define EACH_VECTORS(ROWS) PAIRS(ROWS, 1) PAIRS(ROWS, 2) PAIRS(ROWS, 3) PAIRS(ROWS, 4)
EACH_VECTORS(1) EACH_VECTORS(2) EACH_VECTORS(3) EACH_VECTORS(4) EACH_VECTORS(5) EACH_VECTORS(6)

void isotach_bfloat16_pairs(const isotach_bfloat16_terms *t, int64_t count, const uint16_t *const *row, float *sums,
                            int adds) {
  typedef void (*function)(const isotach_bfloat16_terms *, const uint16_t *const *, const uint16_t *, float *, int);
#define NAMES(ROWS) {pairs_##ROWS##_1, pairs_##ROWS##_2, pairs_##ROWS##_3, pairs_##ROWS##_4}
  static const function all[6][4] = {NAMES(1), NAMES(2), NAMES(3), NAMES(4), NAMES(5), NAMES(6)};
  for (int64_t first = 0; first < count; first += 6)
    for (int64_t j = 0; j < t->wide;) {
      int64_t vectors = least(4, (t->wide - j) / 16), rows = least(6, count - first);
      all[rows - 1][vectors - 1](t, row + first, t->b + 2 * j, sums + first * t->wide + j, adds);
      j += vectors * 16;
    }
}

TILES_TARGET void isotach_bfloat16_begin_tiles(void) {
  struct {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
  } layout = {.palette = 1};
  for (int i = 0; i < 8; ++i) layout.bytes[i] = 64, layout.rows[i] = 16;
  _tile_loadconfig(&layout);
}

TILES_TARGET void isotach_bfloat16_end_tiles(void) { _tile_release(); }

TILES_TARGET void isotach_bfloat16_tiles(const isotach_bfloat16_terms *t, const uint16_t *const *row, float *sums,
                                         int adds, uint16_t *gathered) {
  enum { HALF = ISOTACH_BFLOAT16_PIXELS / 2 };
  // Rows of a tile lie in equal steps; others are copied side by side first.
  const uint16_t *base[2];
  int64_t step[2], shift[2];
  for (int h = 0; h < 2; ++h) {
    const uint16_t *const *mine = row + h * HALF;
    step[h] = mine[1] - mine[0], base[h] = mine[0], shift[h] = 0;
    for (int i = 2; i < HALF; ++i)
      if (mine[i] - mine[i - 1] != step[h]) base[h] = 0;
    if (base[h]) continue;
    uint16_t *target = gathered + h * t->steps * HALF * ISOTACH_DEEP;
    base[h] = target, step[h] = ISOTACH_DEEP, shift[h] = HALF * ISOTACH_DEEP;
    for (int64_t s = 0; s < t->steps; ++s)
      for (int i = 0; i < HALF; ++i, target += ISOTACH_DEEP)
        _mm512_storeu_si512(target, _mm512_loadu_si512(mine[i] + t->offset[s]));
  }
  int64_t line = 4 * t->wide;
  for (int64_t j = 0; j < t->wide;) {
    int is_two = t->wide - j >= 32;
    float *low = sums + j, *high = low + HALF * t->wide;
    const uint16_t *b = t->b + 2 * j;
    if (adds) {
      _tile_loadd(0, low, line);
      _tile_loadd(1, high, line);
      if (is_two) {
        _tile_loadd(2, low + 16, line);
        _tile_loadd(3, high + 16, line);
      }
    } else {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    }
    for (int64_t s = 0; s < t->steps; ++s, b += 2 * ISOTACH_BFLOAT16_STEP_PAIRS * t->wide) {
      _tile_loadd(6, b, line);
      _tile_loadd(4, base[0] + (shift[0] ? s * shift[0] : t->offset[s]), 2 * step[0]);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(5, base[1] + (shift[1] ? s * shift[1] : t->offset[s]), 2 * step[1]);
      _tile_dpbf16ps(1, 5, 6);
      if (is_two) {
        _tile_loadd(7, b + 32, line);
        _tile_dpbf16ps(2, 4, 7);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
    _tile_stored(0, low, line);
    _tile_stored(1, high, line);
    if (is_two) {
      _tile_stored(2, low + 16, line);
      _tile_stored(3, high + 16, line);
    }
    j += is_two ? 32 : 16;
  }
}

#else

int isotach_bfloat16_has(int unit) {
  (void)unit;
  return 0;
}

#endif
