import Grids

/// Values mapped by the distributions of their cells. Inputs: the field, distributions of the observed and of the
/// reference, then as they are needed that of the field itself, and trends.
struct QuantileMapped: Computation {
  let output: Description
  let mapping: QuantileMapping
  /// Numbers of a distribution, and for each step of the field the group it belongs to.
  let numbers: Int
  let groupCount: Int
  let group: [Int]
  /// The inputs with the field's distributions; and with its running mean and the mean of the reference.
  let own: Int?
  let trend: (running: Int, mean: Int)?
  let isKept = true
  var label: String {
    "\(mapping.method.rawValue) \(mapping.kind.rawValue), \(mapping.distribution.rawValue)"
  }

  func steps(for region: Region) -> [[Need]] {
    region.variables.map { variable in
      var field = region
      field.variables = variable..<variable + 1
      var fit = field
      let each = groupCount * numbers
      (fit.times, fit.layers) = (0..<1, region.layers.lowerBound * each..<region.layers.upperBound * each)
      var needs = [Need(0, field), Need(1, fit), Need(2, fit)]
      if let own { needs.append(Need(own, fit)) }
      if let trend {
        var mean = field
        mean.times = 0..<groupCount
        needs += [Need(trend.running, field), Need(trend.mean, mean)]
      }
      return needs
    }
  }

  func operations(for region: Region) -> Double { Double(region.count) * 60 }
  func begin(_ region: Region) throws(StageError) -> any Work {
    QuantileMappedWork(self, try Block.make(region))
  }
}

private final class QuantileMappedWork: Work {
  let mapped: QuantileMapped
  let result: Block
  init(_ mapped: QuantileMapped, _ result: Block) { (self.mapped, self.result) = (mapped, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    let region = result.region
    guard blocks.count >= 3 else { throw StageError("the mapping was not given all its inputs") }
    let mapping = mapped.mapping
    let groups = Dictionary(grouping: Array(region.times.enumerated()), by: { mapped.group[$0.element] })
    for l in 0..<region.layers.count {
      for (group, times) in groups.sorted(by: { $0.key < $1.key }) {
        for cell in 0..<region.mapCount {
          func distribution(_ block: Block) -> FittedDistribution? {
            var numbers: [Double] = []
            for k in 0..<mapped.numbers {
              let i = block.mapOffset(0, 0, (l * mapped.groupCount + group) * mapped.numbers + k) + cell
              guard block.validity[i] != 0 else { return nil }
              numbers.append(Double(block.values[i]))
            }
            return FittedDistribution(kind: mapping.distribution, numbers: numbers)
          }
          let observed = distribution(blocks[1])
          let reference = observed == nil ? nil : distribution(blocks[2])
          let own = mapped.own == nil || reference == nil ? reference : distribution(blocks[3])
          for (t, _) in times {
            let from = blocks[0].mapOffset(0, t, l) + cell
            let to = result.mapOffset(step, t, l) + cell
            (result.values[to], result.validity[to]) = (.nan, 0)
            guard blocks[0].validity[from] != 0, let observed, let reference, let own else { continue }
            var x = Double(blocks[0].values[from])
            var trend = mapping.kind == .additive ? 0.0 : 1.0
            if mapped.trend != nil, blocks.count > 4 {
              let (running, mean) = (blocks[blocks.count - 2], blocks[blocks.count - 1])
              let (i, j) = (running.mapOffset(0, t, l) + cell, mean.mapOffset(0, group, l) + cell)
              guard running.validity[i] != 0, mean.validity[j] != 0 else { continue }
              let (now, then) = (Double(running.values[i]), Double(mean.values[j]))
              if mapping.kind == .additive {
                trend = now - then
              } else if now > 0, then > 0 {
                trend = now / then
              }
              x = mapping.kind == .additive ? x - trend : x / trend
            }
            guard var y = mapping.value(x, observed: observed, reference: reference, own: own) else {
              continue
            }
            y = mapping.kind == .additive ? y + trend : y * trend
            guard Float(y).isFinite else { continue }
            (result.values[to], result.validity[to]) = (Float(y), 1)
          }
        }
      }
    }
  }

  func finish() throws(StageError) -> Block { result }
}
