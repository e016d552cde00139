#pragma once
#include <stddef.h>
#include <stdint.h>

// Regridding: search and clipping on the unit sphere, and the application of weights. Angles are radians,
// places are unit vectors (x, y, z).

/// A tree of bounding boxes over cells in a logically rectangular order.
typedef struct isotach_cell_tree isotach_cell_tree;

/// Cells of a grid. Either rectilinear (edges; sides along meridians and parallels) or quadrilaterals
/// (corners; sides along great circles, anticlockwise, equal neighbours allowed).
typedef struct {
  int32_t ny, nx;
  /// Columns that count: later ones repeat the first.
  int32_t columns;
  /// 2 a row and 2 a column, low before high; NULL for quadrilaterals.
  const double *latitude_edges, *longitude_edges;
  /// 12 numbers a cell (4 corners x, y, z); NULL for rectilinear cells. A cell whose first number is NaN has
  /// no place.
  const double *corners;
} isotach_cells;

/// Sparse rows that grow: `offsets` has one more element than there are rows.
typedef struct {
  int64_t count, capacity;
  int32_t *sources;
  double *weights;
} isotach_entries;

/// NULL when there is no memory.
isotach_cell_tree *isotach_cell_tree_make(const isotach_cells *cells);
/// A tree over the quadrilaterals between the centres (j,i) (j,i+1) (j+1,i+1) (j+1,i) of a logically
/// rectangular grid with `columns` columns (wrapping when `periodic`).
isotach_cell_tree *isotach_cell_tree_make_dual(const double *centres, int32_t ny, int32_t nx, int32_t columns,
                                               int periodic);
void isotach_cell_tree_free(isotach_cell_tree *tree);

void isotach_entries_free(isotach_entries *entries);

/// Area of a cell on the unit sphere (steradians).
double isotach_cell_area(const isotach_cells *cells, int64_t cell);
/// Area that a cell of `a` and a cell of `b` share.
double isotach_overlap(const isotach_cells *a, int64_t cell_a, const isotach_cells *b, int64_t cell_b);

/// For target cells first ..< last: the source cells that overlap them, weight = shared area / target area,
/// in ascending order of the source. `row_counts` takes last - first numbers.
/// Returns 0, or -1 when there is no memory.
int isotach_conservative_rows(const isotach_cells *source, const isotach_cell_tree *source_tree,
                              const isotach_cells *target, int64_t first, int64_t last, int32_t *row_counts,
                              isotach_entries *out);

/// For the places first ..< last: in which quadrilateral of centres they lie (the index of its corner (j,i),
/// -1 none) and where in it (s along the row, t across rows, 0...1), by the bilinear map in longitude and
/// latitude; for the cell around a pole by the bilinear map on the tangent plane. Angles in degrees.
void isotach_locate(const isotach_cell_tree *dual, const double *latitudes, const double *longitudes,
                    const double *centres, int32_t ny, int32_t nx, int32_t columns, int periodic,
                    const double *target_latitudes, const double *target_longitudes, int64_t first, int64_t last,
                    int32_t *cell, double *s, double *t);

/// For the places first ..< last (3 numbers each): the cell that holds them, -1 none.
void isotach_containing_cell(const isotach_cells *cells, const isotach_cell_tree *tree, const double *places,
                             int64_t first, int64_t last, int32_t *cell);

/// A k-d tree over unit vectors; those with NaN are left out.
typedef struct isotach_point_tree isotach_point_tree;
isotach_point_tree *isotach_point_tree_make(const double *places, int64_t count);
void isotach_point_tree_free(isotach_point_tree *tree);
/// The nearest point (the lowest index among equals) within a chord of sqrt(limit), -1 none.
void isotach_nearest(const isotach_point_tree *tree, const double *places, int64_t first, int64_t last,
                     double limit, int32_t *nearest);

// Application. `valid` is 1 or 0 a value. Missing results are NaN, validity 0.

/// Weights of one axis: target k has entries starts[k] ..< starts[k+1].
typedef struct {
  const int32_t *starts, *sources;
  const double *weights;
} isotach_axis_weights;

/// How sums of weights become values.
typedef struct {
  /// Least share of valid weight (of the cell for conservative, of the stencil otherwise).
  double min_valid;
  /// 1: divide by the valid weight whenever it is not the whole stencil; 2: always (fracarea); 0: never (destarea).
  int32_t normalization;
  /// 1: the share is counted of the weights' sum, not of 1.
  int32_t share_of_sum;
} isotach_regrid_rule;

/// One row of a separable map: target columns first ..< last of the sum over source rows.
/// `num` and `den` are scratch of (last - first) doubles.
///
/// Horizontal pass: num[k] = sum of weight * value over the valid entries, den[k] = sum of their weights.
/// `source` and `valid` point at the column with index `origin` of the source row.
/// `width` elements are there. Returns 1 when none of them is missing.
int isotach_regrid_columns(const isotach_axis_weights *columns, int64_t first, int64_t last,
                           const float *source, const uint8_t *valid, int64_t origin, int64_t width,
                           double *num, double *den);
void isotach_regrid_columns_reference(const isotach_axis_weights *columns, int64_t first, int64_t last,
                                      const float *source, const uint8_t *valid, int64_t origin, double *num,
                                      double *den);

/// Vertical pass: combines `count` horizontal results into float values, validity and (when not NULL) the share.
/// `complete`: none of the source rows has a missing value, and no column sum is 0.
void isotach_regrid_combine(const double *const *num, const double *const *den, const double *weights,
                            int64_t count, const double *column_sums, int64_t n,
                            const isotach_regrid_rule *rule, int complete, float *target, uint8_t *valid,
                            float *share);
void isotach_regrid_combine_reference(const double *const *num, const double *const *den,
                                      const double *weights, int64_t count, const double *column_sums,
                                      int64_t n, const isotach_regrid_rule *rule, float *target,
                                      uint8_t *valid, float *share);

/// Sparse rows: targets cells[0 ..< n] (indices of rows of the matrix), for `maps` maps that lie `source_stride`
/// and `target_stride` apart. Source indices are those of the whole map; `source` holds rows from `row_origin`
/// and columns column_origin ..< column_origin + columns of a map `nx` wide.
void isotach_regrid_sparse(const int32_t *starts, const int32_t *sources, const double *weights, int64_t first_cell,
                           int64_t n, const float *source, const uint8_t *valid, int64_t maps,
                           int64_t source_stride, int64_t nx, int64_t row_origin, int64_t column_origin,
                           int64_t columns, const isotach_regrid_rule *rule, float *target,
                           uint8_t *target_valid, float *share, int64_t target_stride);

// Coarsening: blocks of rows x columns of one map become one value.

enum { ISOTACH_COARSEN_MEAN, ISOTACH_COARSEN_SUM, ISOTACH_COARSEN_LEAST, ISOTACH_COARSEN_GREATEST };

/// One row of targets: target k takes the `rows` source rows and the source columns k * factor ..< (k + 1) * factor,
/// as far as there are `columns`. `areas` (NULL: all 1) weighs a mean, in the layout of the source with rows `stride`
/// apart. A target with less than `min_valid` of its weight valid is missing.
void isotach_coarsen_row(const float *source, const uint8_t *valid, const double *areas, int64_t rows, int64_t columns,
                         int64_t stride, int64_t area_stride, int64_t factor, int64_t targets, int32_t method,
                         double min_valid, float *target, uint8_t *target_valid);
