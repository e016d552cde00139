import Grids

/// Each value x of a variable becomes (x - shift) * factor + offset, in double precision.
struct Affine: PointwiseComputation {
  struct Change: Sendable, Hashable {
    var shift = 0.0
    var factor = 1.0
    var offset = 0.0
    var isIdentity: Bool { factor == 1 && offset == shift }
  }
  let label: String
  let output: Description
  /// One for each variable of the output.
  let changes: [Change]

  func operations(for region: Region) -> Double { Double(region.count) * 3 }

  func apply(to block: Block) throws(StageError) {
    let (values, validity) = (block.values, block.validity)
    let each = block.count / max(block.region.variables.count, 1)
    for (position, variable) in block.region.variables.enumerated() {
      let change = changes[variable]
      if change.isIdentity { continue }
      for i in position * each..<(position + 1) * each where validity[i] != 0 {
        let value = Float((Double(values[i]) - change.shift) * change.factor + change.offset)
        guard value.isFinite else {
          let name = output.variables[variable].name
          throw StageError("\(name) = \(values[i]) does not fit into float32 any more", subject: name)
        }
        values[i] = value
      }
    }
  }
}
