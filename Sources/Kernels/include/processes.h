#pragma once

// For starting other programs; the system's headers hide some of this without _GNU_SOURCE.
#include <spawn.h>

int pipe2(int ends[2], int flags);

/// The child closes all descriptors from this one on, where the system can do that (0 if so).
int isotach_close_from(posix_spawn_file_actions_t *actions, int from);

/// The environment of this process, as posix_spawn takes it.
char **isotach_environment(void);
