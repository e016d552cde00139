#pragma once
#include <stdint.h>

/// A fixed set of helper threads that share the pieces of one piece of work with their caller (fork and join).
typedef struct isotach_team isotach_team;

/// `threads` counts the caller: 1 starts no helper. Null when the system has no memory; fewer helpers when it
/// allows no further thread.
isotach_team *isotach_team_create(int threads);
/// Ends and joins the helpers. Nobody may be inside `isotach_team_run`.
void isotach_team_destroy(isotach_team *team);
/// The helpers that run, plus the caller.
int isotach_team_threads(const isotach_team *team);

/// Calls `body(context, piece, worker)` once for every piece from 0 to count - 1, and returns when all are done.
/// `worker` is below `isotach_team_threads`; two calls at the same time never have the same. A call from inside a
/// body, or while another thread uses the team, runs every piece itself, in order, as worker 0.
void isotach_team_run(isotach_team *team, int64_t count, void (*body)(void *context, int64_t piece, int worker),
                      void *context);
