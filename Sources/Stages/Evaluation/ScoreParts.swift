import Grids

/// Which part of the data a value is counted to, for the bootstrap; without one all is one part.
struct ScoreParts: Sendable {
  private let bootstrap: Bootstrap?
  private let grid: (rows: Int, columns: Int)
  private let times: Int
  private let steps: Int
  private let tile: Int
  /// Parts are runs of times, else tiles.
  let isByTime: Bool

  init(_ bootstrap: Bootstrap?, times: Int, rows: Int, columns: Int) {
    (self.bootstrap, self.times, grid) = (bootstrap, times, (rows, columns))
    var steps = bootstrap?.steps ?? 0
    if steps == 0 {
      steps = 1
      while steps * steps * steps < times { steps += 1 }
    }
    self.steps = steps
    isByTime = (times + steps - 1) / steps >= 5
    // So many parts at most.
    var tile = bootstrap?.tile ?? 1
    while ((rows + tile - 1) / tile) * ((columns + tile - 1) / tile) > 4096 { tile *= 2 }
    self.tile = tile
  }

  private var tiles: Int { ((grid.rows + tile - 1) / tile) * ((grid.columns + tile - 1) / tile) }
  private var runs: Int { max(1, (times + steps - 1) / steps) }

  /// Parts of a measure.
  func count(_ metric: any Metric) -> Int {
    guard bootstrap != nil else { return 1 }
    if metric is any SeriesMetric { return tiles }
    if isByTime { return runs }
    return metric is any MapMetric ? 1 : tiles
  }

  func tile(_ row: Int, _ column: Int) -> Int {
    bootstrap == nil ? 0 : row / tile * ((grid.columns + tile - 1) / tile) + column / tile
  }
  func run(_ time: Int) -> Int { bootstrap == nil ? 0 : time / steps }
  /// Of a single value.
  func part(_ time: Int, _ row: Int, _ column: Int) -> Int { isByTime ? run(time) : tile(row, column) }
}
