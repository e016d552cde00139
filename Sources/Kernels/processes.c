#define _GNU_SOURCE
#include "processes.h"

#include <errno.h>
#include <unistd.h>

int isotach_close_from(posix_spawn_file_actions_t *actions, int from) {
#if defined(__GLIBC__)
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
#else
  (void)actions, (void)from;
  return ENOSYS;
#endif
}

char **isotach_environment(void) { return environ; }
