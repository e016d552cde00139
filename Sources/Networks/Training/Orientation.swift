import Tensors

/// One of the eight ways to turn a map of cells: flips along the axes, then rows and columns exchanged.
public struct Orientation: Sendable, Hashable {
  public var flipsRows: Bool
  public var flipsColumns: Bool
  /// After the flips, rows become columns.
  public var transposes: Bool

  public init(flipsRows: Bool = false, flipsColumns: Bool = false, transposes: Bool = false) {
    (self.flipsRows, self.flipsColumns, self.transposes) = (flipsRows, flipsColumns, transposes)
  }

  /// The orientations that `flip` (each axis) and `rotate` (by quarters) allow, the one that changes nothing
  /// first.
  public static func all(flip: Bool, rotate: Bool) -> [Orientation] {
    var result: [Orientation] = []
    for transposes in rotate ? [false, true] : [false] {
      for rows in [false, true] {
        for columns in [false, true] {
          // A quarter turn is one flip and an exchange, a half turn both flips.
          let isTurn = transposes ? rows != columns : rows == columns
          if flip || (rotate ? isTurn : !rows && !columns) {
            result.append(Orientation(flipsRows: rows, flipsColumns: columns, transposes: transposes))
          }
        }
      }
    }
    return result
  }

  public var isIdentity: Bool { !flipsRows && !flipsColumns && !transposes }

  /// What undoes it.
  public var inverse: Orientation {
    guard transposes else { return self }
    return Orientation(flipsRows: flipsColumns, flipsColumns: flipsRows, transposes: true)
  }

  /// Moves the cells of a map of rows x columns; the result has columns x rows when it transposes,
  /// `result[r][c]` being `flipped[c][r]`.
  public func apply(
    _ source: UnsafeBufferPointer<Float>, rows: Int, columns: Int,
    to target: UnsafeMutableBufferPointer<Float>
  ) {
    guard source.count >= rows * columns, target.count >= rows * columns else { return }
    let (height, width) = transposes ? (columns, rows) : (rows, columns)
    for r in 0..<height {
      for c in 0..<width {
        var (row, column) = transposes ? (c, r) : (r, c)
        if flipsRows { row = rows - 1 - row }
        if flipsColumns { column = columns - 1 - column }
        unsafe target[r * width + c] = source[row * columns + column]
      }
    }
  }

  /// Turns the components of vectors after their cells have been moved.
  /// - Parameters:
  ///   - u: along the columns' axis (x), v along the rows' (y).
  ///   - isMirrored: the index runs against one of the axes, but not against both (rows from north to south and
  ///     columns from west to east).
  public func turn(
    _ u: UnsafeMutableBufferPointer<Float>, _ v: UnsafeMutableBufferPointer<Float>, isMirrored: Bool
  ) {
    let sign: Float = transposes && isMirrored ? -1 : 1
    let (su, sv): (Float, Float) = (flipsColumns ? -1 : 1, flipsRows ? -1 : 1)
    for i in 0..<min(u.count, v.count) {
      let (a, b) = unsafe (su * u[i], sv * v[i])
      unsafe u[i] = transposes ? sign * b : a
      unsafe v[i] = transposes ? sign * a : b
    }
  }
}
