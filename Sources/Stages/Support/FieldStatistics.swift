import Grids

/// Mean and standard deviation of each variable on each layer, over all times and cells: a field of one cell, with the
/// means of the input's variables first and then their standard deviations. Cells are not weighted by area.
struct FieldStatistics: Computation {
  let input: Description
  let output: Description
  let isKept = true
  let label = "mean and standard deviation"

  /// Bytes of input that are taken in one step.
  private static let slabBytes = 8 << 20

  init(of input: Description) {
    self.input = input
    var output = input
    output.time = nil
    output.scalars = []
    output.grid = Grid(kind: .bare, y: .index("y", 1), x: .index("x", 1))
    let deviations = input.variables.map { variable in
      var result = variable
      result.name = "\(variable.name)_std"
      return result
    }
    output.variables += deviations
    self.output = output
  }

  /// One variable on one layer in slabs of time, one after the other.
  struct Slab {
    /// Index of the variable in the region's list of distinct variables.
    let position: Int
    let layer: Int
    let need: Need
  }

  /// Variables of the input that a region needs: a mean and its standard deviation need the same.
  func variables(_ region: Region) -> [Int] {
    Set(region.variables.map { $0 % input.variables.count }).sorted()
  }

  func slabs(_ region: Region) -> [Slab] {
    let whole = input.whole
    let limit = max(1, Self.slabBytes / max(whole.mapCount * 5, 1))
    var slabs: [Slab] = []
    for (position, variable) in variables(region).enumerated() {
      for layer in region.layers {
        var time = 0
        while time < whole.times.count {
          let end = min(time + limit, whole.times.count)
          slabs.append(
            Slab(
              position: position, layer: layer - region.layers.lowerBound,
              need: Need(
                0,
                Region(
                  variables: variable..<variable + 1, times: time..<end, layers: layer..<layer + 1,
                  rows: whole.rows,
                  columns: whole.columns))))
          time = end
        }
      }
    }
    return slabs
  }

  func steps(for region: Region) -> [[Need]] { slabs(region).map { [$0.need] } }

  func operations(for region: Region) -> Double {
    Double(region.layers.count * region.variables.count) * Double(input.timeCount * input.grid.count) * 4
  }

  func begin(_ region: Region) throws(StageError) -> any Work { StatisticsWork(self, region) }
}

private final class StatisticsWork: Work {
  let statistics: FieldStatistics
  let region: Region
  let slabs: [FieldStatistics.Slab]
  let variables: [Int]
  /// Per variable and layer: count, first value, sums of differences from it and of their squares.
  var sums: [(count: Int, first: Double, sum: Double, square: Double)]

  init(_ statistics: FieldStatistics, _ region: Region) {
    (self.statistics, self.region) = (statistics, region)
    slabs = statistics.slabs(region)
    variables = statistics.variables(region)
    sums = .init(repeating: (0, 0, 0, 0), count: variables.count * region.layers.count)
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard let block = blocks.first else { throw StageError("the statistics were given no input") }
    let index = slabs[step].position * region.layers.count + slabs[step].layer
    var (count, first, sum, square) = sums[index]
    let (values, validity) = (block.values, block.validity)
    for i in 0..<block.count where validity[i] != 0 {
      let x = Double(values[i])
      if count == 0 { first = x }
      let d = x - first
      sum += d
      square += d * d
      count += 1
    }
    sums[index] = (count, first, sum, square)
  }

  func finish() throws(StageError) -> Block {
    let block = try Block.make(region)
    let total = statistics.input.variables.count
    for (v, variable) in region.variables.enumerated() {
      guard let position = variables.firstIndex(of: variable % total) else { continue }
      for l in 0..<region.layers.count {
        let (count, first, sum, square) = sums[position * region.layers.count + l]
        let n = Double(count)
        let name = statistics.input.variables[variable % total].name
        guard count > 0 else { throw StageError("\(name) has no valid value", subject: name) }
        let value =
          variable < total ? first + sum / n : (max(0, square - sum * sum / n) / n).squareRoot()
        guard variable < total || value > 0 else {
          throw StageError(
            "\(name) is the same everywhere: its standard deviation is 0", subject: name,
            remedy: "leave it out with `variables`")
        }
        for i in block.mapOffset(v, 0, l)..<block.mapOffset(v, 0, l) + region.mapCount {
          block.values[i] = Float(value)
          block.validity[i] = 1
        }
      }
    }
    return block
  }

}
