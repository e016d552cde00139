import Grids

/// The distribution of each cell's values in each group of steps, as layers: those of the input, groups, numbers.
struct SampleFits: Computation {
  let input: Description
  /// Which of the stream's variables each one of the result is, in other units.
  let variables: [(index: Int, factor: Double, offset: Double)]
  let groups: [[Int]]
  let kind: DistributionKind
  let nodes: Int
  let wet: Double?
  let output: Description
  let isKept = true
  var label: String { "\(kind.rawValue) distribution of each cell in \(groups.count) groups" }

  /// Bytes of input that are taken in one step.
  private static let slabBytes = 8 << 20

  init(
    _ stream: Description, _ variables: [(index: Int, factor: Double, offset: Double)],
    named: [VariableDescription],
    groups: [[Int]], kind: DistributionKind, nodes: Int, wet: Double?
  ) {
    (input, self.variables, self.groups) = (stream, variables, groups)
    (self.kind, self.nodes, self.wet) = (kind, nodes, wet)
    var output = stream
    output.time = nil
    output.variables = named
    output.layers += [
      .index("group", groups.count), .index("number", FittedDistribution.count(kind, nodes: nodes)),
    ]
    self.output = output
  }

  private var times: [Int] { Set(groups.joined()).sorted() }
  private var perLayer: Int { groups.count * FittedDistribution.count(kind, nodes: nodes) }
  /// Layers of the input that a region needs.
  func layers(_ region: Region) -> Range<Int> {
    region.layers.isEmpty
      ? 0..<0 : region.layers.lowerBound / perLayer..<(region.layers.upperBound - 1) / perLayer + 1
  }

  /// One variable in runs of steps.
  func slabs(_ region: Region) -> [(variable: Int, times: Range<Int>)] {
    let limit = max(1, Self.slabBytes / max(1, layers(region).count * region.mapCount * 5))
    return region.variables.flatMap { variable in
      var slabs: [(Int, Range<Int>)] = []
      for time in times {
        if let last = slabs.last, last.1.upperBound == time, last.1.count < limit {
          slabs[slabs.count - 1].1 = last.1.lowerBound..<time + 1
        } else {
          slabs.append((variable, time..<time + 1))
        }
      }
      return slabs
    }
  }

  func steps(for region: Region) -> [[Need]] {
    slabs(region).map { variable, times in
      let index = variables[variable].index
      return [
        Need(
          0,
          Region(
            variables: index..<index + 1, times: times, layers: layers(region), rows: region.rows,
            columns: region.columns))
      ]
    }
  }

  func scratchBytes(for region: Region) -> Int {
    region.variables.count * layers(region).count * region.mapCount * groups.reduce(0) { $0 + $1.count } * 4
  }

  func operations(for region: Region) -> Double {
    Double(region.variables.count * layers(region).count * region.mapCount * max(1, times.count)) * 30
  }

  func begin(_ region: Region) throws(StageError) -> any Work { SampleFitsWork(self, region) }
}

/// The values of each cell in each group of steps, gathered slab by slab.
struct GatheredSamples {
  let fits: SampleFits
  let region: Region
  let slabs: [(variable: Int, times: Range<Int>)]
  let layers: Range<Int>
  /// For each step its group and place in it.
  let places: [Int: (group: Int, place: Int)]
  /// By variable, layer and group: values by cell, then step; NaN where missing.
  var samples: [[Float]] = []

  init(_ fits: SampleFits, _ region: Region) {
    (self.fits, self.region) = (fits, region)
    slabs = fits.slabs(region)
    layers = fits.layers(region)
    var places: [Int: (Int, Int)] = [:]
    for (group, steps) in fits.groups.enumerated() {
      for (place, step) in steps.enumerated() { places[step] = (group, place) }
    }
    self.places = places
    for _ in region.variables {
      for _ in layers {
        for group in fits.groups {
          samples.append(.init(repeating: .nan, count: group.count * region.mapCount))
        }
      }
    }
  }

  private func index(_ variable: Int, _ layer: Int, _ group: Int) -> Int {
    (variable * layers.count + layer) * fits.groups.count + group
  }

  mutating func take(_ blocks: [Block], step: Int) throws(StageError) {
    guard let block = blocks.first else { throw StageError("the fit was given no input") }
    let (variable, times) = slabs[step]
    for (position, time) in times.enumerated() {
      guard let (group, place) = places[time] else { continue }
      let count = fits.groups[group].count
      for l in 0..<layers.count {
        let from = block.mapOffset(0, position, l)
        let to = index(variable - region.variables.lowerBound, l, group)
        for cell in 0..<region.mapCount where block.validity[from + cell] != 0 {
          samples[to][cell * count + place] = block.values[from + cell]
        }
      }
    }
  }

  /// Valid values, in the units of the result, of a cell in a group. All but the last are counted from the region's
  /// first.
  func values(variable: Int, layer: Int, group: Int, cell: Int) -> [Double] {
    let count = fits.groups[group].count
    let source = fits.variables[region.variables.lowerBound + variable]
    return samples[index(variable, layer, group)][cell * count..<(cell + 1) * count].compactMap {
      $0.isNaN ? nil : Double($0) * source.factor + source.offset
    }
  }

  /// A block of `numbers` numbers for each cell, layer and group; nil where they say too little.
  /// - Parameter fit: of (variable, layer, group, cell), as of `values`.
  func block(
    numbers: Int, _ fit: (Int, Int, Int, Int) -> [Double]?
  ) throws(StageError) -> Block {
    let block = try Block.make(region)
    for v in 0..<region.variables.count {
      for cell in 0..<region.mapCount {
        for (l, _) in layers.enumerated() {
          for group in fits.groups.indices {
            let first = ((layers.lowerBound + l) * fits.groups.count + group) * numbers
            guard first < region.layers.upperBound, first + numbers > region.layers.lowerBound else {
              continue
            }
            let fit = fit(v, l, group, cell)
            for k in 0..<numbers where region.layers.contains(first + k) {
              let i = block.mapOffset(v, 0, first + k - region.layers.lowerBound) + cell
              let value = fit.map { Float($0[k]) } ?? .nan
              block.values[i] = value.isFinite ? value : .nan
              block.validity[i] = value.isFinite ? 1 : 0
            }
          }
        }
      }
    }
    return block
  }
}

private final class SampleFitsWork: Work {
  private let fits: SampleFits
  private var samples: GatheredSamples

  init(_ fits: SampleFits, _ region: Region) {
    (self.fits, samples) = (fits, GatheredSamples(fits, region))
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) { try samples.take(blocks, step: step) }

  func finish() throws(StageError) -> Block {
    try samples.block(numbers: FittedDistribution.count(fits.kind, nodes: fits.nodes)) { v, l, group, cell in
      let values = samples.values(variable: v, layer: l, group: group, cell: cell)
      return values.isEmpty
        ? nil : FittedDistribution.fit(fits.kind, values, nodes: fits.nodes, wet: fits.wet)
    }
  }
}
