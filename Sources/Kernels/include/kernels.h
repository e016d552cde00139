#pragma once
#include <stddef.h>
#include <stdint.h>

// Every header is named here: the compiler does not notice a new one in the folder otherwise.
#include "bfloat16.h"
#include "blocked.h"
#include "blocked_convolution.h"
#include "blocked_gradient.h"
#include "blocked_normalization.h"
#include "blocked_operators.h"
#include "convolution.h"
#include "decode.h"
#include "direct.h"
#include "elementwise.h"
#include "encode.h"
#include "optimisers.h"
#include "philox.h"
#include "pooling.h"
#include "processes.h"
#include "regrid.h"
#include "return_memory.h"
#include "sgemm.h"
#include "sha256.h"
#include "signals.h"
#include "team.h"
#include "temporaries.h"

// Isotach's C kernels. Every function with a fast form has a plain one beside it (suffix _reference);
// which fast form runs is chosen once, from the CPU, never from timing.

/// 0 portable, 1 AVX2+FMA, 2 AVX-512: the best of what the processor has and the environment variable ISOTACH_CPU
/// (portable, avx2, avx512) allows. Read once. `isotach_bfloat16_unit` knows more of its values.
int isotach_cpu_level(void);
/// The calling thread takes no higher level from now on (2: what there is). For tests.
void isotach_cpu_limit(int level);
/// The second-level cache as the system tells it, 1 MiB when it does not.
int64_t isotach_cache_bytes(void);
