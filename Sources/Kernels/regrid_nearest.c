#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "regrid.h"

// A k-d tree stored as a permutation: the median of a range splits it, along the widest dimension.

struct isotach_point_tree {
  int64_t count;
  double *places;
  int32_t *index;
  uint8_t *axis;
  /// 6 floats a node: the box of its points, a little widened. Far queries would visit most nodes without.
  float *boxes;
};

void isotach_point_tree_free(isotach_point_tree *t) {
  if (!t) return;
  free(t->places);
  free(t->index);
  free(t->axis);
  free(t->boxes);
  free(t);
}

static void swap(isotach_point_tree *t, int64_t a, int64_t b) {
  if (a == b) return;
  double p[3];
  memcpy(p, t->places + 3 * a, 24);
  memcpy(t->places + 3 * a, t->places + 3 * b, 24);
  memcpy(t->places + 3 * b, p, 24);
  int32_t i = t->index[a];
  t->index[a] = t->index[b];
  t->index[b] = i;
}

/// Hoare's selection: after it, element k stands where sorting along `d` would put it.
static void choose(isotach_point_tree *t, int64_t low, int64_t high, int64_t k, int d) {
  while (low < high) {
    double pivot = t->places[3 * (low + (high - low) / 2) + d];
    int64_t i = low, j = high;
    while (i <= j) {
      while (t->places[3 * i + d] < pivot) ++i;
      while (t->places[3 * j + d] > pivot) --j;
      if (i <= j) swap(t, i++, j--);
    }
    if (k <= j) high = j; else if (k >= i) low = i; else return;
  }
}

static void build(isotach_point_tree *t, int64_t low, int64_t high) {
  while (high - low >= 0) {
    double least[3] = {2, 2, 2}, most[3] = {-2, -2, -2};
    for (int64_t k = low; k <= high; ++k)
      for (int d = 0; d < 3; ++d) {
        least[d] = fmin(least[d], t->places[3 * k + d]);
        most[d] = fmax(most[d], t->places[3 * k + d]);
      }
    int d = 0;
    for (int e = 1; e < 3; ++e) if (most[e] - least[e] > most[d] - least[d]) d = e;
    int64_t middle = low + (high - low) / 2;
    choose(t, low, high, middle, d);
    t->axis[middle] = (uint8_t)d;
    for (int e = 0; e < 3; ++e) {
      t->boxes[6 * middle + e] = (float)least[e] - 2e-7f;
      t->boxes[6 * middle + 3 + e] = (float)most[e] + 2e-7f;
    }
    build(t, low, middle - 1);
    low = middle + 1;
  }
}

isotach_point_tree *isotach_point_tree_make(const double *places, int64_t count) {
  if (count < 0 || count > INT32_MAX) return NULL;
  isotach_point_tree *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  size_t n = count > 0 ? (size_t)count : 1;
  t->places = malloc(24 * n);
  t->index = malloc(sizeof(int32_t) * n);
  t->axis = calloc(n, 1);
  t->boxes = malloc(24 * n);
  if (!t->places || !t->index || !t->axis || !t->boxes) { isotach_point_tree_free(t); return NULL; }
  for (int64_t k = 0; k < count; ++k) {
    const double *p = places + 3 * k;
    if (isnan(p[0]) || isnan(p[1]) || isnan(p[2])) continue;
    memcpy(t->places + 3 * t->count, p, 24);
    t->index[t->count++] = (int32_t)k;
  }
  build(t, 0, t->count - 1);
  return t;
}

typedef struct { double distance; int32_t index; } best_point;

static double box_distance(const float *b, const double *p) {
  double sum = 0;
  for (int d = 0; d < 3; ++d) {
    double gap = p[d] < b[d] ? b[d] - p[d] : p[d] > b[3 + d] ? p[d] - b[3 + d] : 0;
    sum += gap * gap;
  }
  return sum;
}

static void search(const isotach_point_tree *t, int64_t low, int64_t high, const double *p, best_point *best) {
  while (low <= high) {
    int64_t middle = low + (high - low) / 2;
    if (box_distance(t->boxes + 6 * middle, p) > best->distance) return;
    const double *q = t->places + 3 * middle;
    double x = p[0] - q[0], y = p[1] - q[1], z = p[2] - q[2], distance = x * x + y * y + z * z;
    if (distance < best->distance || (distance == best->distance && (best->index < 0 || t->index[middle] < best->index))) {
      best->distance = distance;
      best->index = t->index[middle];
    }
    // The nearer half first.
    int d = t->axis[middle];
    if (p[d] <= q[d]) {
      search(t, low, middle - 1, p, best);
      low = middle + 1;
    } else {
      search(t, middle + 1, high, p, best);
      high = middle - 1;
    }
  }
}

void isotach_nearest(const isotach_point_tree *t, const double *places, int64_t first, int64_t last, double limit,
                     int32_t *nearest) {
  for (int64_t k = first; k < last; ++k) {
    const double *p = places + 3 * k;
    best_point best = {limit, -1};
    if (!isnan(p[0])) search(t, 0, t->count - 1, p, &best);
    nearest[k - first] = best.index;
  }
}
