import Grids

/// All cells of a map, of a row, or of a column made into one: means weighted by area, extremes.
struct SpaceReduced: Computation {
  enum Axes: String, Sendable { case area, longitude, latitude }
  let label: String
  let output: Description
  let axes: Axes
  let statistic: Statistic
  let input: Description
  /// The area of each cell of the input; 0 for cells that repeat others.
  let areas: [Double]
  /// Cells that must be valid, and the share of the area that must be.
  let minimumCount: Int
  let minimumShare: Double

  /// Bytes of input that are taken in one step.
  private static let slabBytes = 8 << 20

  private func rows(_ region: Region) -> Range<Int> { axes == .longitude ? region.rows : 0..<input.grid.ny }
  private func columns(_ region: Region) -> Range<Int> {
    axes == .latitude ? region.columns : 0..<input.grid.nx
  }

  func slabs(_ region: Region) -> [Range<Int>] {
    let each = region.variables.count * region.layers.count * rows(region).count * columns(region).count * 5
    let limit = max(1, Self.slabBytes / max(each, 1))
    return stride(from: region.times.lowerBound, to: region.times.upperBound, by: limit).map {
      $0..<min($0 + limit, region.times.upperBound)
    }
  }

  func steps(for region: Region) -> [[Need]] {
    slabs(region).map { times in
      [
        Need(
          0,
          Region(
            variables: region.variables, times: times, layers: region.layers, rows: rows(region),
            columns: columns(region)))
      ]
    }
  }

  func operations(for region: Region) -> Double {
    Double(region.maps * rows(region).count * columns(region).count * 2)
  }

  func begin(_ region: Region) throws(StageError) -> any Work { SpaceWork(self, try Block.make(region)) }

  private final class SpaceWork: Work {
    let reduced: SpaceReduced
    let result: Block
    let slabs: [Range<Int>]
    init(_ reduced: SpaceReduced, _ result: Block) {
      (self.reduced, self.result) = (reduced, result)
      slabs = reduced.slabs(result.region)
    }

    func take(_ blocks: [Block], step: Int) throws(StageError) {
      guard let block = blocks.first else { throw StageError("the aggregation was given no input") }
      let (region, part) = (result.region, block.region)
      for v in 0..<region.variables.count {
        for (position, time) in slabs[step].enumerated() {
          for l in 0..<region.layers.count {
            let input = block.mapOffset(v, position, l)
            let output = result.mapOffset(v, time - region.times.lowerBound, l)
            for j in 0..<region.rows.count {
              for i in 0..<region.columns.count {
                // The output's only row stands for all rows, its only column for all columns.
                let rows = reduced.axes == .longitude ? j..<j + 1 : 0..<part.rows.count
                let columns = reduced.axes == .latitude ? i..<i + 1 : 0..<part.columns.count
                let value = reduce(block, input, rows, columns)
                let k = output + j * region.columns.count + i
                result.values[k] = value
                result.validity[k] = value.isNaN ? 0 : 1
              }
            }
          }
        }
      }
    }

    private func reduce(_ block: Block, _ start: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Float {
      let part = block.region
      let (values, validity) = (block.values, block.validity)
      var (count, sum, valid, all) = (0, 0.0, 0.0, 0.0)
      var (low, high) = (Double.infinity, -Double.infinity)
      for j in rows {
        let areas = (part.rows.lowerBound + j) * reduced.input.grid.nx + part.columns.lowerBound
        for i in columns {
          let area = reduced.areas[areas + i]
          all += area
          let k = start + j * part.columns.count + i
          guard area > 0, validity[k] != 0 else { continue }
          let x = Double(values[k])
          count += 1
          valid += area
          sum += area * x
          (low, high) = (min(low, x), max(high, x))
        }
      }
      guard count > 0, count >= reduced.minimumCount, valid >= reduced.minimumShare * all * (1 - 1e-12) else {
        return .nan
      }
      switch reduced.statistic {
      case .min: return Float(low)
      case .max: return Float(high)
      default: return Float(sum / valid)
      }
    }

    func finish() throws(StageError) -> Block { result }
  }
}

extension SpaceReduced.Axes {
  /// The grid that is left: one cell over the extent of what was put together.
  func reduce(_ grid: Grid) throws(GridError) -> Grid {
    if grid.isRectilinear {
      var result = grid
      result.kind = .regular
      if self != .longitude { result.y = Self.whole(grid.y, try grid.rowEdges()) }
      if self != .latitude { result.x = Self.whole(grid.x, try grid.columnEdges()) }
      return result
    }
    guard self == .area else {
      throw GridError(
        "rows of a \(grid.kind.rawValue) grid do not follow latitude and longitude", subject: "grid",
        remedy: "regrid first, or aggregate over `area`")
    }
    // Where the cells lie, as far as their centres tell.
    let places = grid.latitudes.indices.filter { grid.latitudes[$0].isFinite && grid.longitudes[$0].isFinite }
    let latitudes = places.map { grid.latitudes[$0] }
    let longitudes = places.map { grid.longitudes[$0] }
    guard let south = latitudes.min(), let north = latitudes.max(), let west = longitudes.min(),
      let east = longitudes.max()
    else { throw GridError("the grid has no latitude and longitude", subject: "grid") }
    func axis(_ name: String, _ kind: Axis.Kind, _ units: String, _ low: Double, _ high: Double) -> Axis {
      Axis(
        name: name, kind: kind, standardName: kind == .latitude ? "latitude" : "longitude", units: units,
        values: [(low + high) / 2], bounds: [low, high])
    }
    return Grid(
      kind: .regular, y: axis(grid.latitudeName, .latitude, "degrees_north", south, north),
      x: axis(grid.longitudeName, .longitude, "degrees_east", west, east))
  }

  private static func whole(_ axis: Axis, _ edges: AxisEdges) -> Axis {
    var result = axis
    let (low, high) = (edges.low.min() ?? 0, edges.high.max() ?? 0)
    (result.values, result.bounds, result.labels) = ([(low + high) / 2], [low, high], nil)
    return result
  }
}
