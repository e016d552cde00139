#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernels.h"

static int found(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
      && __builtin_cpu_supports("avx512dq"))
    return 2;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
  return 0;
}

static int asked(void) {
  const char *name = getenv("ISOTACH_CPU");
  if (name && strcmp(name, "portable") == 0) return 0;
  if (name && strcmp(name, "avx2") == 0) return 1;
  return 2;
}

static atomic_int known = -1;
static _Thread_local int limit = 2;

int isotach_cpu_level(void) {
  int level = atomic_load_explicit(&known, memory_order_relaxed);
  if (level < 0) {
    int most = asked();
    level = found();
    if (level > most) level = most;
    atomic_store_explicit(&known, level, memory_order_relaxed);
  }
  return level < limit ? level : limit;
}

void isotach_cpu_limit(int level) { limit = level; }

int64_t isotach_cache_bytes(void) {
  static _Atomic int64_t bytes = 0;
  int64_t known = atomic_load_explicit(&bytes, memory_order_relaxed);
  if (known == 0) {
#if defined(_SC_LEVEL2_CACHE_SIZE)
    known = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    if (known <= 0) known = 1 << 20;
    if (known < 256 << 10) known = 256 << 10;
    if (known > 4 << 20) known = 4 << 20;
    atomic_store_explicit(&bytes, known, memory_order_relaxed);
  }
  return known;
}
