#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "regrid.h"

// ---- vectors ----

static inline double dot(const double *a, const double *b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
static inline void cross(const double *a, const double *b, double *c) {
  c[0] = a[1] * b[2] - a[2] * b[1];
  c[1] = a[2] * b[0] - a[0] * b[2];
  c[2] = a[0] * b[1] - a[1] * b[0];
}
static inline void normalize(double *a) {
  double length = sqrt(dot(a, a));
  if (length > 0) { a[0] /= length; a[1] /= length; a[2] /= length; }
}
static inline void place(double lat, double lon, double *p) {
  p[0] = cos(lat) * cos(lon);
  p[1] = cos(lat) * sin(lon);
  p[2] = sin(lat);
}

/// Signed area of a triangle (anticlockwise positive): Oosterom and Strackee 1983, with differences in the
/// triple product so that small triangles keep their digits.
static double triangle(const double *a, const double *b, const double *c) {
  double u[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]}, v[3] = {c[0] - a[0], c[1] - a[1], c[2] - a[2]}, w[3];
  cross(u, v, w);
  return 2 * atan2(dot(a, w), 1 + dot(a, b) + dot(b, c) + dot(c, a));
}

// ---- polygons: vertices, and for each the kind of the side that leaves it ----

#define MOST 24
typedef struct {
  int n;
  double p[MOST][3];
  /// 1: the side from this vertex to the next runs along a parallel.
  uint8_t parallel[MOST];
} polygon;

static inline void add(polygon *q, const double *p, int parallel) {
  if (q->n >= MOST) return;
  memcpy(q->p[q->n], p, 24);
  q->parallel[q->n++] = (uint8_t)parallel;
}

static double area(const polygon *q) {
  double sum = 0;
  for (int k = 1; k + 1 < q->n; ++k) sum += triangle(q->p[0], q->p[k], q->p[k + 1]);
  static const double pole[3] = {0, 0, 1};
  for (int k = 0; k < q->n; ++k)
    if (q->parallel[k]) {
      // Between the parallel and the great circle: Delta lambda (1 - sin phi) - area(a, b, pole).
      const double *a = q->p[k], *b = q->p[(k + 1) % q->n];
      double width = atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]);
      double z = 0.5 * (a[2] + b[2]);
      // From the nearer pole, where the difference loses fewer digits.
      if (z >= 0) {
        sum += width * (1 - z) - triangle(a, b, pole);
      } else {
        static const double south[3] = {0, 0, -1};
        sum += -width * (1 + z) - triangle(a, b, south);
      }
    }
  return sum;
}

/// Keeps the side of the plane through the centre where dot(normal, p) >= 0. Only for great circle sides.
static void clip_plane(const polygon *in, const double *normal, polygon *out) {
  out->n = 0;
  if (in->n == 0) return;
  double last = dot(normal, in->p[in->n - 1]);
  const double *from = in->p[in->n - 1];
  for (int k = 0; k < in->n; ++k) {
    const double *to = in->p[k];
    double next = dot(normal, to);
    if ((last >= 0) != (next >= 0)) {
      double f = last / (last - next);
      double c[3] = {from[0] + f * (to[0] - from[0]), from[1] + f * (to[1] - from[1]), from[2] + f * (to[2] - from[2])};
      normalize(c);
      add(out, c, 0);
    }
    if (next >= 0) add(out, to, 0);
    last = next;
    from = to;
  }
}

/// Where the great circle from a to b reaches the height z; a.z and b.z lie on both sides of it.
static void at_height(const double *a, const double *b, double z, double *p) {
  double c = dot(a, b), u[3] = {b[0] - c * a[0], b[1] - c * a[1], b[2] - c * a[2]};
  normalize(u);
  double end = acos(fmax(-1, fmin(1, c))), amplitude = hypot(a[2], u[2]), peak = atan2(u[2], a[2]);
  double ratio = amplitude > 0 ? z / amplitude : 1;
  double away = acos(fmax(-1, fmin(1, ratio)));
  double best = 0, error = DBL_MAX;
  const double tries[2] = {peak - away, peak + away};
  for (int k = 0; k < 2; ++k) {
    double e = tries[k] < 0 ? -tries[k] : tries[k] > end ? tries[k] - end : 0;
    if (e < error) { error = e; best = fmax(0, fmin(end, tries[k])); }
  }
  for (int k = 0; k < 3; ++k) p[k] = a[k] * cos(best) + u[k] * sin(best);
  // On the parallel exactly, so that cells on its two sides share the point.
  double r = hypot(p[0], p[1]), want = sqrt(fmax(0, 1 - z * z));
  if (r > 0) { p[0] *= want / r; p[1] *= want / r; }
  p[2] = z;
}

/// Keeps sign * (p.z - z) >= 0. New sides run along the parallel.
static void clip_height(const polygon *in, double z, double sign, polygon *out) {
  out->n = 0;
  if (in->n == 0) return;
  int previous = in->n - 1;
  for (int k = 0; k < in->n; previous = k++) {
    double last = sign * (in->p[previous][2] - z), next = sign * (in->p[k][2] - z);
    if ((last >= 0) != (next >= 0)) {
      double c[3];
      if (last >= 0) {
        at_height(in->p[previous], in->p[k], z, c);
        add(out, c, 1);
      } else {
        // Always computed from the inner to the outer end of the lower side, so that both neighbours agree.
        at_height(in->p[previous], in->p[k], z, c);
        add(out, c, 0);
      }
    }
    if (next >= 0) add(out, in->p[k], in->parallel[k]);
  }
}

static void quad(const double *corners, polygon *q) {
  q->n = 0;
  for (int k = 0; k < 4; ++k) {
    const double *p = corners + 3 * k;
    if (q->n > 0) {
      const double *l = q->p[q->n - 1];
      if (fabs(l[0] - p[0]) + fabs(l[1] - p[1]) + fabs(l[2] - p[2]) < 1e-13) continue;
    }
    if (k == 3 && q->n > 0) {
      const double *f = q->p[0];
      if (fabs(f[0] - p[0]) + fabs(f[1] - p[1]) + fabs(f[2] - p[2]) < 1e-13) continue;
    }
    add(q, p, 0);
  }
}

/// What a polygon with great circle sides has in common with a cell between meridians and parallels.
static double overlap_box(const polygon *q, double lat0, double lat1, double lon0, double lon1) {
  double width = lon1 - lon0;
  int strips = (int)ceil(width / (M_PI / 2) - 1e-9);
  if (strips < 1) strips = 1;
  double low = sin(lat0), high = sin(lat1), sum = 0;
  for (int k = 0; k < strips; ++k) {
    double west = lon0 + width * k / strips, east = k + 1 == strips ? lon1 : lon0 + width * (k + 1) / strips;
    polygon a, b;
    const double w[3] = {-sin(west), cos(west), 0}, e[3] = {sin(east), -cos(east), 0};
    clip_plane(q, w, &a);
    clip_plane(&a, e, &b);
    if (b.n < 3) continue;
    if (lat0 > -M_PI / 2 + 1e-12) { clip_height(&b, low, 1, &a); } else { a = b; }
    if (lat1 < M_PI / 2 - 1e-12) { clip_height(&a, high, -1, &b); } else { b = a; }
    if (b.n >= 3 || (b.n == 2 && (b.parallel[0] || b.parallel[1]))) sum += area(&b);
  }
  return sum;
}

static int is_convex(const polygon *q) {
  for (int k = 0; k < q->n; ++k) {
    double n[3];
    cross(q->p[k], q->p[(k + 1) % q->n], n);
    if (dot(n, q->p[(k + 2) % q->n]) < -1e-15) return 0;
  }
  return 1;
}

static double overlap_convex(const polygon *q, const polygon *window) {
  polygon a = *q, b;
  for (int k = 0; k < window->n; ++k) {
    double n[3];
    cross(window->p[k], window->p[(k + 1) % window->n], n);
    clip_plane(&a, n, &b);
    if (b.n < 3) return 0;
    a = b;
  }
  return area(&a);
}

static double overlap_polygons(const polygon *q, const polygon *window) {
  if (window->n < 3 || q->n < 3) return 0;
  if (is_convex(window)) return overlap_convex(q, window);
  if (is_convex(q)) return overlap_convex(window, q);
  // Two triangles; the cut that keeps both anticlockwise.
  double sum = 0;
  int cut = 0;
  if (window->n == 4) {
    double a = triangle(window->p[0], window->p[1], window->p[2]), b = triangle(window->p[0], window->p[2], window->p[3]);
    cut = a > 0 && b > 0 ? 0 : 1;
  }
  for (int k = 0; k + 2 < window->n; ++k) {
    polygon t = {.n = 0};
    add(&t, window->p[cut], 0);
    add(&t, window->p[(cut + k + 1) % window->n], 0);
    add(&t, window->p[(cut + k + 2) % window->n], 0);
    if (triangle(t.p[0], t.p[1], t.p[2]) > 0) sum += overlap_convex(q, &t);
  }
  return sum;
}

static int column_of(const isotach_cells *c, int64_t cell) { return (int)(cell % c->nx); }
static int row_of(const isotach_cells *c, int64_t cell) { return (int)(cell / c->nx); }

static double box_area(double lat0, double lat1, double lon0, double lon1) {
  // sin a - sin b without cancellation.
  return 2 * cos(0.5 * (lat0 + lat1)) * sin(0.5 * (lat1 - lat0)) * (lon1 - lon0);
}

double isotach_cell_area(const isotach_cells *c, int64_t cell) {
  if (c->latitude_edges) {
    const double *y = c->latitude_edges + 2 * row_of(c, cell), *x = c->longitude_edges + 2 * column_of(c, cell);
    return box_area(y[0], y[1], x[0], x[1]);
  }
  if (isnan(c->corners[12 * cell])) return 0;
  polygon q;
  quad(c->corners + 12 * cell, &q);
  return q.n < 3 ? 0 : area(&q);
}

double isotach_overlap(const isotach_cells *a, int64_t ca, const isotach_cells *b, int64_t cb) {
  if (a->latitude_edges && b->latitude_edges) return 0;  // separable: done elsewhere
  polygon q, w;
  if (!a->latitude_edges && isnan(a->corners[12 * ca])) return 0;
  if (!b->latitude_edges && isnan(b->corners[12 * cb])) return 0;
  double shared;
  if (a->latitude_edges) {
    const double *y = a->latitude_edges + 2 * row_of(a, ca), *x = a->longitude_edges + 2 * column_of(a, ca);
    quad(b->corners + 12 * cb, &q);
    shared = q.n < 3 ? 0 : overlap_box(&q, y[0], y[1], x[0], x[1]);
  } else if (b->latitude_edges) {
    const double *y = b->latitude_edges + 2 * row_of(b, cb), *x = b->longitude_edges + 2 * column_of(b, cb);
    quad(a->corners + 12 * ca, &q);
    shared = q.n < 3 ? 0 : overlap_box(&q, y[0], y[1], x[0], x[1]);
  } else {
    quad(a->corners + 12 * ca, &q);
    quad(b->corners + 12 * cb, &w);
    shared = overlap_polygons(&q, &w);
  }
  return shared;
}

// ---- a tree of boxes over index space ----

struct isotach_cell_tree {
  int levels;
  int32_t ny[32], nx[32];
  /// 6 floats a node: least x, y, z, greatest x, y, z; least > greatest where there is nothing.
  float *boxes[32];
};

void isotach_cell_tree_free(isotach_cell_tree *t) {
  if (!t) return;
  for (int k = 0; k < t->levels; ++k) free(t->boxes[k]);
  free(t);
}

static void empty(float *b) { b[0] = b[1] = b[2] = FLT_MAX; b[3] = b[4] = b[5] = -FLT_MAX; }

/// The box of the great circle polygon of these vertices: their box, widened by how far an arc bulges.
static void bound(const double *p, int n, float *box) {
  double lo[3] = {2, 2, 2}, hi[3] = {-2, -2, -2};
  for (int k = 0; k < n; ++k) {
    if (isnan(p[3 * k]) || isnan(p[3 * k + 1]) || isnan(p[3 * k + 2])) { empty(box); return; }
    for (int d = 0; d < 3; ++d) { lo[d] = fmin(lo[d], p[3 * k + d]); hi[d] = fmax(hi[d], p[3 * k + d]); }
  }
  double across = sqrt((hi[0] - lo[0]) * (hi[0] - lo[0]) + (hi[1] - lo[1]) * (hi[1] - lo[1]) + (hi[2] - lo[2]) * (hi[2] - lo[2]));
  double pad = fmin(2, 0.5 * across * across) + 1e-6;
  for (int d = 0; d < 3; ++d) { box[d] = (float)(lo[d] - pad); box[3 + d] = (float)(hi[d] + pad); }
}

static isotach_cell_tree *tree_of(int32_t ny, int32_t nx) {
  isotach_cell_tree *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  for (int k = 0; k < 32; ++k) {
    t->ny[k] = ny;
    t->nx[k] = nx;
    t->boxes[k] = malloc(sizeof(float) * 6 * (size_t)ny * (size_t)nx);
    t->levels = k + 1;
    if (!t->boxes[k]) { isotach_cell_tree_free(t); return NULL; }
    if (ny <= 1 && nx <= 1) break;
    ny = ny / 2 + ny % 2;
    nx = nx / 2 + nx % 2;
  }
  return t;
}

static void raise_boxes(isotach_cell_tree *t) {
  for (int k = 1; k < t->levels; ++k)
    for (int32_t j = 0; j < t->ny[k]; ++j)
      for (int32_t i = 0; i < t->nx[k]; ++i) {
        float *box = t->boxes[k] + 6 * ((size_t)j * t->nx[k] + i);
        empty(box);
        for (int32_t jj = 2 * j; jj < 2 * j + 2 && jj < t->ny[k - 1]; ++jj)
          for (int32_t ii = 2 * i; ii < 2 * i + 2 && ii < t->nx[k - 1]; ++ii) {
            const float *child = t->boxes[k - 1] + 6 * ((size_t)jj * t->nx[k - 1] + ii);
            for (int d = 0; d < 3; ++d) {
              if (child[d] < box[d]) box[d] = child[d];
              if (child[3 + d] > box[3 + d]) box[3 + d] = child[3 + d];
            }
          }
      }
}

static void cell_box(const isotach_cells *c, int32_t j, int32_t i, float *box) {
  if (!c->latitude_edges) { bound(c->corners + 12 * ((size_t)j * c->nx + i), 4, box); return; }
  const double *y = c->latitude_edges + 2 * j, *x = c->longitude_edges + 2 * i;
  if (x[1] - x[0] > 1.5) {
    box[0] = box[1] = -1.001f;
    box[3] = box[4] = 1.001f;
    box[2] = (float)sin(y[0]) - 1e-6f;
    box[5] = (float)sin(y[1]) + 1e-6f;
    return;
  }
  double p[12];
  place(y[0], x[0], p);
  place(y[0], x[1], p + 3);
  place(y[1], x[1], p + 6);
  place(y[1], x[0], p + 9);
  bound(p, 4, box);
}

isotach_cell_tree *isotach_cell_tree_make(const isotach_cells *c) {
  if (c->ny < 1 || c->nx < 1) return NULL;
  isotach_cell_tree *t = tree_of(c->ny, c->nx);
  if (!t) return NULL;
  for (int32_t j = 0; j < c->ny; ++j)
    for (int32_t i = 0; i < c->nx; ++i) {
      float *box = t->boxes[0] + 6 * ((size_t)j * c->nx + i);
      if (i < c->columns) cell_box(c, j, i, box); else empty(box);
    }
  raise_boxes(t);
  return t;
}

static void dual(const double *centres, int32_t nx, int32_t columns, int32_t j, int32_t i, double *p, int64_t *index) {
  int32_t e = i + 1 == columns ? 0 : i + 1;
  index[0] = (int64_t)j * nx + i;
  index[1] = (int64_t)j * nx + e;
  index[2] = (int64_t)(j + 1) * nx + e;
  index[3] = (int64_t)(j + 1) * nx + i;
  if (p) for (int k = 0; k < 4; ++k) memcpy(p + 3 * k, centres + 3 * index[k], 24);
}

isotach_cell_tree *isotach_cell_tree_make_dual(const double *centres, int32_t ny, int32_t nx, int32_t columns, int periodic) {
  int32_t across = periodic ? columns : columns - 1;
  if (ny < 2 || across < 1) return NULL;
  isotach_cell_tree *t = tree_of(ny - 1, across);
  if (!t) return NULL;
  for (int32_t j = 0; j + 1 < ny; ++j)
    for (int32_t i = 0; i < across; ++i) {
      double p[12];
      int64_t index[4];
      dual(centres, nx, columns, j, i, p, index);
      bound(p, 4, t->boxes[0] + 6 * ((size_t)j * across + i));
    }
  raise_boxes(t);
  return t;
}

/// Visits the leaves whose boxes meet a box. `visit` returns 0 to stop.
typedef int (*visitor)(void *context, int32_t j, int32_t i);
static int descend(const isotach_cell_tree *t, int level, int32_t j, int32_t i, const float *box, visitor visit, void *context) {
  const float *b = t->boxes[level] + 6 * ((size_t)j * t->nx[level] + i);
  for (int d = 0; d < 3; ++d)
    if (b[d] > box[3 + d] || b[3 + d] < box[d]) return 1;
  if (level == 0) return visit(context, j, i);
  for (int32_t jj = 2 * j; jj < 2 * j + 2 && jj < t->ny[level - 1]; ++jj)
    for (int32_t ii = 2 * i; ii < 2 * i + 2 && ii < t->nx[level - 1]; ++ii)
      if (!descend(t, level - 1, jj, ii, box, visit, context)) return 0;
  return 1;
}

// ---- conservative rows ----

void isotach_entries_free(isotach_entries *e) {
  free(e->sources);
  free(e->weights);
  memset(e, 0, sizeof *e);
}

static int push(isotach_entries *e, int32_t source, double weight) {
  if (e->count == e->capacity) {
    int64_t wanted = e->capacity ? e->capacity * 2 : 1024;
    int32_t *s = realloc(e->sources, sizeof(int32_t) * (size_t)wanted);
    if (!s) return -1;
    e->sources = s;
    double *w = realloc(e->weights, sizeof(double) * (size_t)wanted);
    if (!w) return -1;
    e->weights = w;
    e->capacity = wanted;
  }
  e->sources[e->count] = source;
  e->weights[e->count++] = weight;
  return 0;
}

typedef struct {
  const isotach_cells *source, *target;
  int64_t cell;
  double whole;
  isotach_entries *out;
  int failed;
} overlap_search;

static int overlap_visit(void *context, int32_t j, int32_t i) {
  overlap_search *s = context;
  int64_t cell = (int64_t)j * s->source->nx + i;
  double shared = isotach_overlap(s->source, cell, s->target, s->cell);
  // Below rounding: cells that only touch.
  if (shared <= 1e-12 * s->whole) return 1;
  if (push(s->out, (int32_t)cell, shared / s->whole) != 0) { s->failed = 1; return 0; }
  return 1;
}

int isotach_conservative_rows(const isotach_cells *source, const isotach_cell_tree *tree, const isotach_cells *target,
                              int64_t first, int64_t last, int32_t *row_counts, isotach_entries *out) {
  for (int64_t cell = first; cell < last; ++cell) {
    int64_t before = out->count;
    overlap_search s = {source, target, cell, isotach_cell_area(target, cell), out, 0};
    float box[6];
    if (s.whole > 0) {
      cell_box(target, row_of(target, cell), column_of(target, cell), box);
      descend(tree, tree->levels - 1, 0, 0, box, overlap_visit, &s);
    }
    if (s.failed) return -1;
    // Insertion sort: rows are short and nearly sorted.
    for (int64_t k = before + 1; k < out->count; ++k) {
      int32_t index = out->sources[k];
      double weight = out->weights[k];
      int64_t m = k;
      for (; m > before && out->sources[m - 1] > index; --m) {
        out->sources[m] = out->sources[m - 1];
        out->weights[m] = out->weights[m - 1];
      }
      out->sources[m] = index;
      out->weights[m] = weight;
    }
    if (out->count - before > INT32_MAX) return -1;
    row_counts[cell - first] = (int32_t)(out->count - before);
  }
  return 0;
}

// ---- where in the quadrilaterals of centres ----

/// Solves p0 + s (p1-p0) + t (p3-p0) + s t (p0-p1+p2-p3) = 0 for s, t by Newton's method.
static int inverse(const double x[4], const double y[4], double *s, double *t) {
  double bx = x[1] - x[0], by = y[1] - y[0], cx = x[3] - x[0], cy = y[3] - y[0];
  double dx = x[0] - x[1] + x[2] - x[3], dy = y[0] - y[1] + y[2] - y[3];
  double u = 0.5, v = 0.5;
  for (int k = 0; k < 50; ++k) {
    double fx = x[0] + u * bx + v * cx + u * v * dx, fy = y[0] + u * by + v * cy + u * v * dy;
    double ux = bx + v * dx, uy = by + v * dy, vx = cx + u * dx, vy = cy + u * dy;
    double determinant = ux * vy - uy * vx;
    if (fabs(determinant) < 1e-300) return 0;
    double du = (fx * vy - fy * vx) / determinant, dv = (ux * fy - uy * fx) / determinant;
    u -= du;
    v -= dv;
    if (fabs(du) + fabs(dv) < 1e-13) break;
  }
  if (!(u > -1e-6 && u < 1 + 1e-6 && v > -1e-6 && v < 1 + 1e-6)) return 0;
  *s = fmax(0, fmin(1, u));
  *t = fmax(0, fmin(1, v));
  return 1;
}

/// True when the origin is in the quadrilateral or on its sides, whatever its orientation.
static int holds(const double x[4], const double y[4]) {
  int positive = 0, negative = 0;
  double scale = 0;
  double c[4];
  for (int k = 0; k < 4; ++k) {
    int m = (k + 1) & 3;
    c[k] = x[k] * y[m] - x[m] * y[k];
    scale = fmax(scale, fabs(x[m] - x[k]) + fabs(y[m] - y[k]));
  }
  double tolerance = 1e-12 * scale * scale + 1e-18 * scale;
  for (int k = 0; k < 4; ++k) {
    if (c[k] > tolerance) positive = 1;
    if (c[k] < -tolerance) negative = 1;
  }
  return !(positive && negative) && (positive || negative);
}

typedef struct {
  const double *latitudes, *longitudes, *centres;
  int32_t nx, columns;
  double latitude, longitude;
  double p[3], east[3], north[3];
  int tangent;
  int32_t found;
  double s, t;
} locate_search;

static int locate_visit(void *context, int32_t j, int32_t i) {
  locate_search *q = context;
  int64_t index[4];
  double x[4], y[4];
  dual(q->centres, q->nx, q->columns, j, i, NULL, index);
  if (q->found >= 0 && index[0] > q->found) return 1;
  if (q->tangent) {
    for (int k = 0; k < 4; ++k) {
      const double *c = q->centres + 3 * index[k];
      double depth = dot(c, q->p);
      if (!(depth > 0.1)) return 1;
      x[k] = dot(c, q->east) / depth;
      y[k] = dot(c, q->north) / depth;
    }
  } else {
    double least = 1e9, most = -1e9;
    for (int k = 0; k < 4; ++k) {
      double d = q->longitudes[index[k]] - q->longitude;
      d -= 360 * nearbyint(d / 360);
      x[k] = d;
      y[k] = q->latitudes[index[k]] - q->latitude;
      least = fmin(least, d);
      most = fmax(most, d);
    }
    // Around a pole, or far on the other side of the Earth.
    if (!(most - least < 180)) return 1;
  }
  double s, t;
  if (holds(x, y) && inverse(x, y, &s, &t)) { q->found = (int32_t)index[0]; q->s = s; q->t = t; }
  return 1;
}

void isotach_locate(const isotach_cell_tree *tree, const double *latitudes, const double *longitudes,
                    const double *centres, int32_t ny, int32_t nx, int32_t columns, int periodic,
                    const double *target_latitudes, const double *target_longitudes, int64_t first, int64_t last,
                    int32_t *cell, double *s, double *t) {
  (void)ny;
  (void)periodic;
  const double degree = M_PI / 180;
  for (int64_t k = first; k < last; ++k) {
    double lat = target_latitudes[k] * degree, lon = target_longitudes[k] * degree;
    locate_search q = {.latitudes = latitudes, .longitudes = longitudes, .centres = centres, .nx = nx, .columns = columns,
                       .latitude = target_latitudes[k], .longitude = target_longitudes[k], .found = -1};
    cell[k - first] = -1;
    s[k - first] = t[k - first] = 0;
    if (!isfinite(lat) || !isfinite(lon)) continue;
    place(lat, lon, q.p);
    q.east[0] = -sin(lon); q.east[1] = cos(lon); q.east[2] = 0;
    cross(q.p, q.east, q.north);
    // Cells straight in longitude and latitude reach beyond their great circle polygon: the boxes' widening
    // (half the square of the extent) covers that too.
    float box[6];
    for (int d = 0; d < 3; ++d) { box[d] = (float)q.p[d] - 1e-6f; box[3 + d] = (float)q.p[d] + 1e-6f; }
    descend(tree, tree->levels - 1, 0, 0, box, locate_visit, &q);
    if (q.found < 0) {
      q.tangent = 1;
      descend(tree, tree->levels - 1, 0, 0, box, locate_visit, &q);
    }
    cell[k - first] = q.found;
    s[k - first] = q.s;
    t[k - first] = q.t;
  }
}

typedef struct {
  const isotach_cells *cells;
  const double *p;
  int32_t found;
} contain_search;

static int contain_visit(void *context, int32_t j, int32_t i) {
  contain_search *q = context;
  int64_t cell = (int64_t)j * q->cells->nx + i;
  if (q->found >= 0 && cell > q->found) return 1;
  polygon w;
  quad(q->cells->corners + 12 * cell, &w);
  if (w.n < 3) return 1;
  for (int k = 0; k < w.n; ++k) {
    double n[3];
    cross(w.p[k], w.p[(k + 1) % w.n], n);
    if (dot(n, q->p) < 0) return 1;
  }
  q->found = (int32_t)cell;
  return 1;
}

void isotach_containing_cell(const isotach_cells *cells, const isotach_cell_tree *tree, const double *places,
                             int64_t first, int64_t last, int32_t *cell) {
  for (int64_t k = first; k < last; ++k) {
    const double *p = places + 3 * k;
    contain_search q = {cells, p, -1};
    if (!cells->latitude_edges && !isnan(p[0])) {
      float box[6];
      for (int d = 0; d < 3; ++d) { box[d] = (float)p[d] - 1e-6f; box[3 + d] = (float)p[d] + 1e-6f; }
      descend(tree, tree->levels - 1, 0, 0, box, contain_visit, &q);
    }
    cell[k - first] = q.found;
  }
}
