#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "regrid.h"

// Vectors and polygons on the unit sphere, for what cuts cells and what searches them. Private.

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

/// The most vertices of a polygon.
#define MOST 24
typedef struct {
  int n;
  double p[MOST][3];
  /// 1: the side from this vertex to the next runs along a parallel.
  uint8_t parallel[MOST];
} polygon;

/// The great circle polygon of a cell's four corners; vertices that coincide are one.
void isotach_cell_polygon(const double *corners, polygon *q);

static inline int column_of(const isotach_cells *c, int64_t cell) { return (int)(cell % c->nx); }
static inline int row_of(const isotach_cells *c, int64_t cell) { return (int)(cell / c->nx); }
