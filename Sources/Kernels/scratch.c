#include "scratch.h"

#include <pthread.h>
#include <stdlib.h>

enum { SLOTS = 2 };

struct scratch {
  void *memory[SLOTS];
  size_t bytes[SLOTS];
};

static pthread_key_t key;
static int have_key = 0;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct scratch scratch;

static void release(void *argument) {
  struct scratch *mine = argument;
  for (int slot = 0; slot < SLOTS; ++slot) {
    free(mine->memory[slot]);
    mine->memory[slot] = NULL;
    mine->bytes[slot] = 0;
  }
}

static void make_key(void) { have_key = pthread_key_create(&key, release) == 0; }

void *isotach_scratch(int slot, size_t bytes) {
  if (slot < 0 || slot >= SLOTS) return NULL;
  if (scratch.bytes[slot] >= bytes) return scratch.memory[slot];
  pthread_once(&once, make_key);
  if (!have_key) return NULL;
  free(scratch.memory[slot]);
  scratch.memory[slot] = NULL;
  scratch.bytes[slot] = 0;
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bytes) != 0) return NULL;
  scratch.memory[slot] = memory;
  scratch.bytes[slot] = bytes;
  // Registers the release at the end of the thread.
  pthread_setspecific(key, &scratch);
  return memory;
}
