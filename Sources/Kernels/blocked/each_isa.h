// Compiles the file named by TEMPLATE once for every instruction set: `#define TEMPLATE "x_template.h"`, then include
// this. In a template FN(name) is the name for the set, V its vector of VECTOR_LANES floats, LOAD, STORE, SPLAT, FMA
// its operations. Private.
//
// WIDE vectors of output channels and TALL rows are the largest tile of sums that the registers hold.

#define FN_PASTE(NAME, SUFFIX) NAME##_##SUFFIX
#define FN_EXPAND(NAME, SUFFIX) FN_PASTE(NAME, SUFFIX)
#define FN(NAME) FN_EXPAND(NAME, ISA)
#define LOAD(P) ((V)(*(const VU *)(P)))
#define STORE(P, X) (*(VU *)(P) = (X))
#define SPLAT(X) ((X) - (V){0})
// Lanes of A where a comparison holds, of B elsewhere.
#define SELECT(MASK, A, B) ((V)(((__typeof__(MASK))(A) & (MASK)) | ((__typeof__(MASK))(B) & ~(MASK))))
#define UNROLL _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define ISA avx512
#define VECTOR_LANES 16
#define V v16
#define VU v16u
#define WIDE 4
#define FMA(X, Y, Z) __builtin_elementwise_fma(X, Y, Z)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
                             apply_to = function)
#pragma clang attribute push(__attribute__((min_vector_width(512))), apply_to = function)
#include TEMPLATE
#pragma clang attribute pop
#pragma clang attribute pop
#undef ISA
#undef VECTOR_LANES
#undef V
#undef VU
#undef WIDE

#define ISA avx2
#define VECTOR_LANES 8
#define V v8
#define VU v8u
#define WIDE 2
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include TEMPLATE
#pragma clang attribute pop
#undef ISA
#undef VECTOR_LANES
#undef V
#undef VU
#undef WIDE
#undef FMA
#define FMA(X, Y, Z) ((X) * (Y) + (Z))
#define WIDE 2
#else
#define FMA(X, Y, Z) __builtin_elementwise_fma(X, Y, Z)
#define WIDE 4
#endif

#define ISA portable
#define VECTOR_LANES 4
#define V v4
#define VU v4u
#include TEMPLATE
#undef ISA
#undef VECTOR_LANES
#undef V
#undef VU
#undef WIDE
#undef FMA

// The form of a function for a level of `isotach_cpu_level`.
#if defined(__x86_64__)
#define OF_LEVEL(LEVEL, NAME) ((LEVEL) == 2 ? NAME##_avx512 : (LEVEL) == 1 ? NAME##_avx2 : NAME##_portable)
#else
#define OF_LEVEL(LEVEL, NAME) ((void)(LEVEL), NAME##_portable)
#endif
