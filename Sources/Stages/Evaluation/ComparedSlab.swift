import Grids

/// A slab of the truth and of all methods, in double precision and in the truth's units.
struct ComparedSlab {
  /// Values by time, then cell.
  var truth: [Double] = []
  var isValid: [Bool] = []
  /// By method: means of the members, the members one after the other for each value, and standard deviations.
  var mean: [[Double]] = []
  var members: [[Double]] = []
  var spread: [[Double]?] = []
  let region: Region

  init(_ blocks: [Block], _ region: Region, _ evaluated: Evaluated, _ compared: Int) throws(StageError) {
    self.region = region
    let sources = evaluated.variables[compared].sources
    guard blocks.count == sources.reduce(1, { $0 + ($1.spread == nil ? 1 : 2) }) else {
      throw StageError("`evaluate` was not given all its fields")
    }
    let (cells, times) = (region.mapCount, region.times.count)
    let count = cells * times
    truth = (0..<count).map { Double(blocks[0].values[$0]) }
    isValid = (0..<count).map { blocks[0].validity[$0] != 0 }
    var next = 1
    for (method, source) in sources.enumerated() {
      let layout = evaluated.members[method]
      let repeats = evaluated.alignments[method].repeatsTime
      var values = [Double](repeating: 0, count: count * layout.count)
      let block = blocks[next]
      for t in 0..<times {
        for member in 0..<layout.count {
          let from = block.mapOffset(0, repeats ? 0 : t, member * layout.inner)
          for cell in 0..<cells {
            let place = t * cells + cell
            values[place * layout.count + member] =
              Double(block.values[from + cell]) * source.factor + source.offset
            if block.validity[from + cell] == 0 { isValid[place] = false }
          }
        }
      }
      next += 1
      var deviations: [Double]?
      if source.spread != nil {
        let block = blocks[next]
        var list = [Double](repeating: 0, count: count)
        for t in 0..<times {
          let from = block.mapOffset(0, repeats ? 0 : t, 0)
          for cell in 0..<cells {
            list[t * cells + cell] = Double(block.values[from + cell]) * source.factor
            if block.validity[from + cell] == 0 { isValid[t * cells + cell] = false }
          }
        }
        deviations = list
        next += 1
      }
      if layout.count == 1 {
        mean.append(values)
      } else {
        mean.append(
          (0..<count).map { place in
            values[place * layout.count..<(place + 1) * layout.count].reduce(0, +) / Double(layout.count)
          })
      }
      members.append(values)
      spread.append(deviations)
    }
  }

  /// Some of its values.
  func samples(
    _ method: Int, _ places: [Int], _ weights: [Double], origin: (Double, Double)
  ) -> Samples {
    var samples = Samples()
    samples.origin = (origin.0, origin.1)
    samples.w = weights
    samples.x = places.map { mean[method][$0] }
    samples.y = places.map { truth[$0] }
    let count = members[method].count / max(1, truth.count)
    samples.memberCount = count
    samples.members =
      count == 1
      ? samples.x : places.flatMap { members[method][$0 * count..<($0 + 1) * count] }
    samples.spread = spread[method].map { list in places.map { list[$0] } }
    return samples
  }
}
