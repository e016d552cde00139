#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "regrid_sphere.h"

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
  isotach_cell_polygon(q->cells->corners + 12 * cell, &w);
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
