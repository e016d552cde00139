#include "signals.h"
#include "temporaries.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int caught = 0;
static atomic_int telling = -1;

// Only what may be called in a signal handler.
static void handle(int number) {
  int reason = errno;
  int none = 0;
  if (atomic_compare_exchange_strong(&caught, &none, number)) {
    char byte = (char)number;
    int descriptor = atomic_load(&telling);
    if (descriptor >= 0) {
      ssize_t ignored = write(descriptor, &byte, 1);
      (void)ignored;
    }
  } else {
    isotach_temporaries_unlink();
    _exit(128 + (number == SIGHUP ? SIGTERM : number));
  }
  errno = reason;
}

int isotach_catch_signals(void) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  atomic_store(&telling, ends[1]);
  struct sigaction action = {0};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, 0);
  sigaction(SIGTERM, &action, 0);
  sigaction(SIGHUP, &action, 0);
  return ends[0];
}

int isotach_caught_signal(void) { return atomic_load(&caught); }
