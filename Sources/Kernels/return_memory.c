#include "return_memory.h"

// Defines __GLIBC__ where the library is glibc.
#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>

void isotach_return_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
  mallopt(M_ARENA_MAX, 2);
}
#else
void isotach_return_memory(void) {}
#endif
