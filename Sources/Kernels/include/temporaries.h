#pragma once

// The temporary files that this process has open, so that a signal handler can remove them: a fixed table,
// no allocation, no lock.

/// Notes an absolute path. The slot, or -1 when the table is full or the path too long.
int isotach_temporary_add(const char *path);
void isotach_temporary_forget(int slot);
/// Unlinks all of them. Safe in a signal handler.
void isotach_temporaries_unlink(void);

/// A file in memory, without a name; -1 when there is none to be had.
int isotach_memory_file(void);
