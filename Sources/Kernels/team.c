#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "kernels.h"

// The next piece of a worker's share.
typedef struct {
  _Alignas(64) atomic_llong next;
} share;

// Helpers join a job under the mutex while it is open. Every worker takes the pieces of its own share, one after another
// (neighbours read the same memory), then what is left of the others'. The caller closes the job when no piece is left,
// and waits for those who joined: nobody can see a stale job.
struct isotach_team {
  pthread_mutex_t mutex;
  pthread_cond_t wake, done;
  pthread_t *threads;
  int helpers;
  // Guarded by the mutex.
  int open, stop, sleepers, caller_sleeps;
  void (*body)(void *, int64_t, int);
  void *context;
  int64_t count;
  // Read while spinning, written under the mutex.
  _Alignas(64) atomic_uint generation;
  _Alignas(64) atomic_int active;
  _Alignas(64) atomic_flag busy;
  // Of each thread that works; the last of them has no more.
  share *shares;
};

struct helper {
  isotach_team *team;
  int worker;
};

static _Thread_local int inside = 0;

static const int64_t spin_nanoseconds = 20000;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

// Where the share of a worker begins.
static int64_t share_begin(const isotach_team *team, int64_t count, int worker) {
  int64_t threads = team->helpers + 1;
  return count / threads * worker + count % threads * worker / threads;
}

static void take_pieces(isotach_team *team, void (*body)(void *, int64_t, int), void *context, int64_t count,
                        int worker) {
  inside += 1;
  for (int turn = 0, owner = worker; turn <= team->helpers; ++turn, owner = owner == team->helpers ? 0 : owner + 1) {
    int64_t end = share_begin(team, count, owner + 1);
    for (;;) {
      int64_t piece = atomic_fetch_add_explicit(&team->shares[owner].next, 1, memory_order_relaxed);
      if (piece >= end) break;
      body(context, piece, worker);
    }
  }
  inside -= 1;
}

static void *help(void *argument) {
  struct helper *self = argument;
  isotach_team *team = self->team;
  int worker = self->worker;
  free(self);
  unsigned seen = 0;
  for (;;) {
    int64_t end = now() + spin_nanoseconds;
    for (int turn = 1; atomic_load_explicit(&team->generation, memory_order_acquire) == seen; ++turn) {
      relax();
      if (turn % 64 == 0 && now() > end) break;
    }
    pthread_mutex_lock(&team->mutex);
    while (atomic_load_explicit(&team->generation, memory_order_relaxed) == seen) {
      team->sleepers += 1;
      pthread_cond_wait(&team->wake, &team->mutex);
      team->sleepers -= 1;
    }
    seen = atomic_load_explicit(&team->generation, memory_order_relaxed);
    if (team->stop) {
      pthread_mutex_unlock(&team->mutex);
      return NULL;
    }
    if (!team->open) {
      pthread_mutex_unlock(&team->mutex);
      continue;
    }
    atomic_fetch_add_explicit(&team->active, 1, memory_order_relaxed);
    void (*body)(void *, int64_t, int) = team->body;
    void *context = team->context;
    int64_t count = team->count;
    pthread_mutex_unlock(&team->mutex);

    take_pieces(team, body, context, count, worker);

    pthread_mutex_lock(&team->mutex);
    if (atomic_fetch_sub_explicit(&team->active, 1, memory_order_release) == 1 && team->caller_sleeps)
      pthread_cond_signal(&team->done);
    pthread_mutex_unlock(&team->mutex);
  }
}

isotach_team *isotach_team_create(int threads) {
  isotach_team *team = NULL;
  if (posix_memalign((void **)&team, 64, sizeof *team) != 0) return NULL;
  *team = (isotach_team){.helpers = 0};
  pthread_mutex_init(&team->mutex, NULL);
  pthread_cond_init(&team->wake, NULL);
  pthread_cond_init(&team->done, NULL);
  atomic_init(&team->generation, 0);
  atomic_init(&team->active, 0);
  atomic_flag_clear(&team->busy);
  int wanted = threads < 1 ? 0 : threads > 1024 ? 1023 : threads - 1;
  team->threads = wanted > 0 ? calloc((size_t)wanted, sizeof *team->threads) : NULL;
  if (!team->threads || posix_memalign((void **)&team->shares, 64, (size_t)(wanted + 1) * sizeof *team->shares) != 0)
    return team;
  for (int k = 0; k < wanted; ++k) {
    struct helper *helper = malloc(sizeof *helper);
    if (!helper) break;
    *helper = (struct helper){team, k + 1};
    if (pthread_create(&team->threads[k], NULL, help, helper) != 0) {
      free(helper);
      break;
    }
    team->helpers += 1;
  }
  return team;
}

void isotach_team_destroy(isotach_team *team) {
  if (!team) return;
  pthread_mutex_lock(&team->mutex);
  team->stop = 1;
  atomic_fetch_add_explicit(&team->generation, 1, memory_order_release);
  pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->mutex);
  for (int k = 0; k < team->helpers; ++k) pthread_join(team->threads[k], NULL);
  pthread_cond_destroy(&team->wake);
  pthread_cond_destroy(&team->done);
  pthread_mutex_destroy(&team->mutex);
  free(team->threads);
  free(team->shares);
  free(team);
}

int isotach_team_threads(const isotach_team *team) { return team->helpers + 1; }

void isotach_team_run(isotach_team *team, int64_t count, void (*body)(void *, int64_t, int), void *context) {
  if (count <= 1 || team->helpers == 0 || inside > 0
      || atomic_flag_test_and_set_explicit(&team->busy, memory_order_acquire)) {
    for (int64_t piece = 0; piece < count; ++piece) body(context, piece, 0);
    return;
  }
  pthread_mutex_lock(&team->mutex);
  team->body = body;
  team->context = context;
  team->count = count;
  team->open = 1;
  for (int k = 0; k <= team->helpers; ++k)
    atomic_store_explicit(&team->shares[k].next, share_begin(team, count, k), memory_order_relaxed);
  atomic_fetch_add_explicit(&team->generation, 1, memory_order_release);
  if (team->sleepers > 0) pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->mutex);

  take_pieces(team, body, context, count, 0);

  pthread_mutex_lock(&team->mutex);
  team->open = 0;
  pthread_mutex_unlock(&team->mutex);
  int64_t end = now() + spin_nanoseconds;
  int waiting = 0;
  for (int turn = 1; (waiting = atomic_load_explicit(&team->active, memory_order_acquire) > 0); ++turn) {
    relax();
    if (turn % 64 == 0 && now() > end) break;
  }
  if (waiting) {
    pthread_mutex_lock(&team->mutex);
    team->caller_sleeps = 1;
    while (atomic_load_explicit(&team->active, memory_order_acquire) > 0)
      pthread_cond_wait(&team->done, &team->mutex);
    team->caller_sleeps = 0;
    pthread_mutex_unlock(&team->mutex);
  }
  atomic_flag_clear_explicit(&team->busy, memory_order_release);
}
