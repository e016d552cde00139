#include <float.h>

#include "regrid_sphere.h"

/// Signed area of a triangle (anticlockwise positive): Oosterom and Strackee 1983, with differences in the
/// triple product so that small triangles keep their digits.
static double triangle(const double *a, const double *b, const double *c) {
  double u[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]}, v[3] = {c[0] - a[0], c[1] - a[1], c[2] - a[2]}, w[3];
  cross(u, v, w);
  return 2 * atan2(dot(a, w), 1 + dot(a, b) + dot(b, c) + dot(c, a));
}

// Polygons: vertices, and for each the kind of the side that leaves it.

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

void isotach_cell_polygon(const double *corners, polygon *q) {
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
  isotach_cell_polygon(c->corners + 12 * cell, &q);
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
    isotach_cell_polygon(b->corners + 12 * cb, &q);
    shared = q.n < 3 ? 0 : overlap_box(&q, y[0], y[1], x[0], x[1]);
  } else if (b->latitude_edges) {
    const double *y = b->latitude_edges + 2 * row_of(b, cb), *x = b->longitude_edges + 2 * column_of(b, cb);
    isotach_cell_polygon(a->corners + 12 * ca, &q);
    shared = q.n < 3 ? 0 : overlap_box(&q, y[0], y[1], x[0], x[1]);
  } else {
    isotach_cell_polygon(a->corners + 12 * ca, &q);
    isotach_cell_polygon(b->corners + 12 * cb, &w);
    shared = overlap_polygons(&q, &w);
  }
  return shared;
}
