/// Sums of a map over boxes of cells, from sums of everything above and to the left.
struct MapSums {
  private let rows: Int
  private let columns: Int
  private var table: [Double]

  init(rows: Int, columns: Int, _ value: (Int) -> Double) {
    (self.rows, self.columns) = (rows, columns)
    table = .init(repeating: 0, count: (rows + 1) * (columns + 1))
    for j in 0..<rows {
      var line = 0.0
      for i in 0..<columns {
        line += value(j * columns + i)
        table[(j + 1) * (columns + 1) + i + 1] = table[j * (columns + 1) + i + 1] + line
      }
    }
  }

  /// Of the cells of these rows and columns that there are.
  func sum(_ top: Int, _ bottom: Int, _ left: Int, _ right: Int) -> Double {
    let (a, b) = (max(0, top), min(rows, bottom))
    let (c, d) = (max(0, left), min(columns, right))
    guard a < b, c < d else { return 0 }
    let width = columns + 1
    return table[b * width + d] - table[a * width + d] - table[b * width + c] + table[a * width + c]
  }
}
