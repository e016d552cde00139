// What follows a sum: activation. Included by templates.

typedef struct {
  int32_t activation;
  V slope, low, high;
} FN(finish_values);

INLINE FN(finish_values) FN(finish_of)(const isotach_epilogue *e) {
  return (FN(finish_values)){e->activation, SPLAT(e->slope), SPLAT(e->low), SPLAT(e->high)};
}

// Comparisons that are false for NaN keep it.
INLINE V FN(finish)(V v, const FN(finish_values) *f) {
  V zero = {0};
  switch (f->activation) {
  case ISOTACH_RELU: return SELECT(v < zero, zero, v);
  case ISOTACH_LEAKY: return SELECT(v < zero, v * f->slope, v);
  case ISOTACH_CLIP:
    v = SELECT(v < f->low, f->low, v);
    return SELECT(v > f->high, f->high, v);
  default: return v;
  }
}
