// 16 channels of 16 pixels are turned over in registers: four rounds that interleave the first half with the second.
#define INTERLEAVED_LOW(A, B)                                                                                   \
  __builtin_shufflevector(A, B, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define INTERLEAVED_HIGH(A, B)                                                                                  \
  __builtin_shufflevector(A, B, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

// (Loops around it are unrolled: the compiler would make calls of memcpy of them.)
INLINE void FN(turn_16)(v16 a[16]) {
  v16 b[16];
  UNROLL for (int round = 0; round < 4; ++round) {
    UNROLL for (int i = 0; i < 8; ++i) {
      b[2 * i] = INTERLEAVED_LOW(a[i], a[i + 8]);
      b[2 * i + 1] = INTERLEAVED_HIGH(a[i], a[i + 8]);
    }
    UNROLL for (int i = 0; i < 16; ++i) a[i] = b[i];
  }
}
#undef INTERLEAVED_LOW
#undef INTERLEAVED_HIGH
