// The sum of the lanes of a vector. Included by templates.

INLINE float FN(sum)(V v) {
  float lanes[VECTOR_LANES];
  STORE(lanes, v);
#if VECTOR_LANES == 16
  v8 eight = *(const v8u *)lanes + *(const v8u *)(lanes + 8);
  *(v8u *)lanes = eight;
#endif
#if VECTOR_LANES >= 8
  v4 four = *(const v4u *)lanes + *(const v4u *)(lanes + 4);
  *(v4u *)lanes = four;
#endif
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}
