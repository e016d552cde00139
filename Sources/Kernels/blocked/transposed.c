#include "arithmetic.h"
#include "general.h"

// One dimension of a remainder: taps first, first - stride, ... of the kernel, and the padding before them.
typedef struct {
  int64_t count, first, before, outputs;
} part;

static part part_of(int64_t remainder, int64_t stride, int64_t kernel, int64_t before, int64_t outputs) {
  int64_t least = ((remainder + before) % stride + stride) % stride;
  int64_t count = least < kernel ? (kernel - 1 - least) / stride + 1 : 0;
  return (part){count, least + stride * (count - 1), most(count, 1) - 1 - (remainder + before - least) / stride,
                outputs > remainder ? over(outputs - remainder, stride) : 0};
}

int isotach_transposed_is_apart(const isotach_convolution *s) {
  return s->groups <= 1 && s->kernel_y == s->stride_y && s->kernel_x == s->stride_x && s->before_y % s->stride_y == 0
         && s->before_x % s->stride_x == 0 && s->out_height % s->stride_y == 0 && s->out_width % s->stride_x == 0;
}

int isotach_transposed_part(const isotach_transposed *p, int64_t remainder, isotach_general *g, isotach_tap_map *map) {
  const isotach_convolution *s = &p->shape;
  if (isotach_transposed_is_apart(s)) {
    isotach_convolution one = *s;
    one.turned = 1;
    one.stride_y = one.stride_x = one.dilation_y = one.dilation_x = one.kernel_y = one.kernel_x = 1;
    one.before_y = -(s->before_y / s->stride_y), one.before_x = -(s->before_x / s->stride_x);
    one.out_height = s->out_height / s->stride_y, one.out_width = s->out_width / s->stride_x;
    *map = (isotach_tap_map){s->kernel_y * s->kernel_x, 0, 0, 0};
    if (!isotach_general_plan(&one, g)) return 0;
    isotach_general_repeat(g, s->kernel_y * s->kernel_x);
    g->level = p->level;
    return 1;
  }
  part y = part_of(remainder / s->stride_x, s->stride_y, s->kernel_y, s->before_y, s->out_height);
  part x = part_of(remainder % s->stride_x, s->stride_x, s->kernel_x, s->before_x, s->out_width);
  isotach_convolution one = *s;
  one.turned = 1;
  one.stride_y = one.stride_x = one.dilation_y = one.dilation_x = 1;
  one.kernel_y = most(y.count, 1), one.kernel_x = most(x.count, 1);
  one.before_y = y.before, one.before_x = x.before;
  one.out_height = y.outputs, one.out_width = x.outputs;
  // Nothing but the bias where no tap falls.
  int is_empty = y.count == 0 || x.count == 0;
  *map = (isotach_tap_map){is_empty ? 0 : s->kernel_y * s->kernel_x, y.first * s->kernel_x + x.first,
                           -s->stride_y * s->kernel_x, -s->stride_x};
  if (!isotach_general_plan(&one, g)) return 0;
  g->level = p->level;
  return 1;
}

static inline int64_t remainders(const isotach_transposed *p) {
  return isotach_transposed_is_apart(&p->shape) ? 1 : p->shape.stride_y * p->shape.stride_x;
}

int isotach_transposed_plan(const isotach_convolution *shape, isotach_transposed *p) {
  *p = (isotach_transposed){.shape = *shape, .level = isotach_cpu_level()};
  isotach_convolution *s = &p->shape;
  s->stride_y = most(s->stride_y, 1), s->stride_x = most(s->stride_x, 1);
  if (s->dilation_y > 1 || s->dilation_x > 1 || s->stride_y > 64 || s->stride_x > 64) return 0;
  if (s->kernel_y < 1 || s->kernel_x < 1 || s->before_y < 0 || s->before_x < 0) return 0;
  isotach_general g;
  isotach_tap_map map;
  return isotach_transposed_part(p, 0, &g, &map);
}

#define EACH_REMAINDER(BODY)                                                                                    \
  for (int64_t remainder = 0; remainder < remainders(p); ++remainder) {                                         \
    isotach_general g;                                                                                          \
    isotach_tap_map map;                                                                                        \
    if (!isotach_transposed_part(p, remainder, &g, &map)) continue;                                                             \
    BODY;                                                                                                       \
  }

int64_t isotach_transposed_packed(const isotach_transposed *p) {
  int64_t floats = 0;
  EACH_REMAINDER(floats += isotach_general_packed(&g))
  return floats;
}

int64_t isotach_transposed_pack_ranges(const isotach_transposed *p) {
  int64_t ranges = 0;
  EACH_REMAINDER(ranges = isotach_general_pack_ranges(&g))
  return ranges;
}

void isotach_transposed_pack(const isotach_transposed *p, const float *w, const float *bias, int64_t first,
                             int64_t last, float *packed) {
  EACH_REMAINDER({
    isotach_general_pack_taps(&g, &map, w, bias, first, last, packed);
    packed += isotach_general_packed(&g);
  })
}

int64_t isotach_transposed_scratch(const isotach_transposed *p) {
  int64_t floats = 0;
  EACH_REMAINDER(floats = most(floats, isotach_general_scratch(&g)))
  return floats;
}

// The same pixels of all remainders one after another: they read the same x.
int64_t isotach_transposed_pieces(const isotach_transposed *p) {
  int64_t pieces = 0;
  EACH_REMAINDER(pieces = most(pieces, isotach_general_pieces(&g)))
  return pieces * remainders(p);
}

static isotach_blocked view_of(const isotach_transposed *p, const isotach_blocked *y, int64_t remainder) {
  isotach_blocked view = *y;
  view.data += remainder / p->shape.stride_x * y->row_step + remainder % p->shape.stride_x * ISOTACH_LANES;
  view.row_step *= p->shape.stride_y;
  return view;
}

void isotach_transposed_run(const isotach_transposed *p, int64_t piece, const isotach_blocked *x,
                            const float *packed, const isotach_epilogue *epilogue, const isotach_blocked *y,
                            float *scratch) {
  int64_t mine = piece % remainders(p), part = piece / remainders(p);
  EACH_REMAINDER({
    if (remainder < mine) {
      packed += isotach_general_packed(&g);
      continue;
    }
    if (remainder > mine || part >= isotach_general_pieces(&g)) return;
    isotach_blocked target = view_of(p, y, mine);
    isotach_blocked residual;
    isotach_blocked mask;
    isotach_epilogue e = *epilogue;
    if (e.residual) {
      residual = view_of(p, e.residual, mine);
      e.residual = &residual;
    }
    if (e.mask) {
      mask = view_of(p, e.mask, mine);
      e.mask = &mask;
    }
    isotach_general_run_apart(&g, part, x, packed, &e, &target, p->shape.stride_x, scratch);
    return;
  })
}
