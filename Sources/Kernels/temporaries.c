#define _GNU_SOURCE
#include "temporaries.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SLOTS = 256, PATH_BYTES = 4096 };
enum { FREE = 0, TAKEN = 1, LIVE = 2 };

static atomic_int states[SLOTS];
static char paths[SLOTS][PATH_BYTES];

int isotach_temporary_add(const char *path) {
  size_t length = strlen(path);
  if (length >= PATH_BYTES) return -1;
  for (int slot = 0; slot < SLOTS; slot++) {
    int expected = FREE;
    if (!atomic_compare_exchange_strong(&states[slot], &expected, TAKEN)) continue;
    memcpy(paths[slot], path, length + 1);
    atomic_store(&states[slot], LIVE);
    return slot;
  }
  return -1;
}

void isotach_temporary_forget(int slot) {
  if (slot >= 0 && slot < SLOTS) atomic_store(&states[slot], FREE);
}

void isotach_temporaries_unlink(void) {
  int saved = errno;
  for (int slot = 0; slot < SLOTS; slot++)
    if (atomic_load(&states[slot]) == LIVE) unlink(paths[slot]);
  errno = saved;
}

int isotach_memory_file(void) { return memfd_create("isotach", MFD_CLOEXEC); }
