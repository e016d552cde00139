#pragma once
#include <stddef.h>
#include <stdint.h>

/// SHA-256 (FIPS 180-4): takes `count` blocks of 64 bytes into the state of 8 words.
void isotach_sha256_blocks(uint32_t *state, const uint8_t *bytes, size_t count);
void isotach_sha256_blocks_reference(uint32_t *state, const uint8_t *bytes, size_t count);
