#pragma once
#include <stdint.h>

// Philox4x32-10: random numbers from a counter and a key, without a state (Salmon, Moraes, Dror and Shaw,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The key is the seed, the upper half of the counter
// the stream, the lower half the block of four words.

/// The four words of `counter` under `key`.
void isotach_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);
/// Word `index` of a stream: lane index % 4 of block index / 4.
uint32_t isotach_philox_word(uint64_t seed, uint64_t stream, uint64_t index);
/// The 64 bits of words 2 * index (low) and 2 * index + 1.
uint64_t isotach_philox_wide(uint64_t seed, uint64_t stream, uint64_t index);
/// A normal number (mean 0, deviation 1; Box and Muller 1958) from the wide word `index`.
double isotach_philox_normal(uint64_t seed, uint64_t stream, uint64_t index);
/// target[k] = word first + k, over 24 bits: in [0, 1).
void isotach_philox_uniform(uint64_t seed, uint64_t stream, uint64_t first, float *target, int64_t count);
/// target[k] = normal number first + k.
void isotach_philox_normals(uint64_t seed, uint64_t stream, uint64_t first, float *target, int64_t count);
