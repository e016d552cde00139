#pragma once

/// Catches SIGINT, SIGTERM and SIGHUP: the first one is told through a pipe, the second one removes the
/// temporary files of this process and ends it. Returns the pipe's end to read from, or -1.
int isotach_catch_signals(void);

/// The first signal caught, 0 when there was none.
int isotach_caught_signal(void);
