import Grids

/// A field and, for each of its steps, a step of a climatology: their difference, ratio, sum or product.
struct SeasonalChange: Computation {
  enum Operation: String, Sendable {
    case difference, ratio, sum, product
  }
  let output: Description
  let operation: Operation
  /// For each step the step of the climatology.
  let step: [Int]
  /// Which variable of the climatology belongs to each one of the field, and makes its values ones of the field's units.
  let counterparts: [Counterpart]
  let repeatsLayers: Bool
  var label: String { "\(operation.rawValue) with a climatology" }

  func steps(for region: Region) -> [[Need]] {
    region.variables.flatMap { variable in
      region.times.map { time in
        var field = region
        field.variables = variable..<variable + 1
        field.times = time..<time + 1
        var normal = field
        let index = counterparts[variable].index
        normal.variables = index..<index + 1
        normal.times = step[time]..<step[time] + 1
        if repeatsLayers { normal.layers = 0..<1 }
        return [Need(0, field), Need(1, normal)]
      }
    }
  }

  func operations(for region: Region) -> Double { Double(region.count) * 2 }
  func begin(_ region: Region) throws(StageError) -> any Work {
    SeasonalChangeWork(self, try Block.make(region))
  }
}

private final class SeasonalChangeWork: Work {
  let change: SeasonalChange
  let result: Block
  init(_ change: SeasonalChange, _ result: Block) { (self.change, self.result) = (change, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard blocks.count == 2 else { throw StageError("the climatology is missing") }
    let region = result.region
    let (v, t) = (step / region.times.count, step % region.times.count)
    let counterpart = change.counterparts[region.variables.lowerBound + v]
    for l in 0..<region.layers.count {
      let (from, to) = (blocks[0].mapOffset(0, 0, l), result.mapOffset(v, t, l))
      let normal = blocks[1].mapOffset(0, 0, change.repeatsLayers ? 0 : l)
      for i in 0..<region.mapCount {
        let x = Double(blocks[0].values[from + i])
        let c = Double(blocks[1].values[normal + i]) * counterpart.factor + counterpart.offset
        let value: Double
        switch change.operation {
        case .difference: value = x - c
        case .sum: value = x + c
        // Nothing normally: what there is has no ratio to it.
        case .ratio: value = c > 0 ? x / c : 1
        case .product: value = x * c
        }
        let isValid = blocks[0].validity[from + i] != 0 && blocks[1].validity[normal + i] != 0
        guard isValid, Float(value).isFinite else {
          (result.values[to + i], result.validity[to + i]) = (.nan, 0)
          continue
        }
        (result.values[to + i], result.validity[to + i]) = (Float(value), 1)
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}
