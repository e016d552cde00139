#pragma once
#include <stddef.h>
#include <stdint.h>

// HDF5's shuffle filter: byte k of every element goes to plane k; what is left over after the last whole
// element is copied as it is. `target` and `source` do not overlap.
void isotach_shuffle(uint8_t *target, const uint8_t *source, size_t bytes, size_t element_size);
void isotach_shuffle_reference(uint8_t *target, const uint8_t *source, size_t bytes, size_t element_size);
