import Basics
import GridFiles
import Grids

/// The scores of several methods against the truth, summed up slab by slab.
struct Evaluated: Computation {
  /// One variable of the truth, and what each method has for it.
  struct Compared: Sendable {
    let truth: Int
    let sources: [Source]
  }
  struct Source: Sendable {
    let variable: Int
    /// The variable with the standard deviation of a predicted normal distribution.
    let spread: Int?
    let factor: Double
    let offset: Double
  }
  /// Where a method's members are: layer of the truth l and member k are layer
  /// `l / inner * members * inner + k * inner + l % inner`.
  struct Members: Sendable {
    let count: Int
    let inner: Int
  }
  struct File: Sendable {
    let path: String
    let mark: Mark
  }
  /// A region: a part of the map, and a range of heights.
  struct Part: Sendable {
    let part: PartOfField
    let band: Range<Double>?
  }

  let output: Description
  let shape: ScoreShape
  let truth: Description
  let variables: [Compared]
  let alignments: [Alignment]
  let members: [Members]
  let parts: [Part]
  /// Which input has the heights.
  let elevation: Int?
  /// For each step of the truth its period beside the first.
  let periods: [Int?]
  /// Year and month of each step.
  let dates: [(year: Int, month: Int)]
  let areas: LazyAreas?
  let bootstrap: Bootstrap?
  let json: File?
  /// Of the first score among those of the pipeline.
  let order: Int

  var label: String { "scores of \(shape.methods.joined(separator: ", "))" }
  let isWhole = true
  var effect: Effect? { Effect(files: json.map { [.init(path: $0.path, mark: $0.mark)] } ?? []) }

  /// Bytes of input that are taken in one step.
  private static let slabBytes = 8 << 20

  /// The rows and columns that any region needs.
  var box: (rows: Range<Int>, columns: Range<Int>) {
    let rows = parts.map(\.part.rows), columns = parts.map(\.part.columns)
    let (top, left) = (rows.map(\.lowerBound).min() ?? 0, columns.map(\.lowerBound).min() ?? 0)
    return (
      top..<max(top, rows.map(\.upperBound).max() ?? top),
      left..<max(left, columns.map(\.upperBound).max() ?? left)
    )
  }

  func metrics(_ variable: Int) -> [any Metric] { shape.variables[variable].metrics }
  private func has<T>(_ kind: T.Type) -> Bool { shape.variables.contains { $0.metrics.contains { $0 is T } } }
  var hasMaps: Bool { has((any MapMetric).self) }
  var hasSeries: Bool { shape.isMap || has((any SeriesMetric).self) }
  var scoreParts: ScoreParts {
    ScoreParts(bootstrap, times: truth.timeCount, rows: truth.grid.ny, columns: truth.grid.nx)
  }

  /// Which of the compared variables a region of the result needs.
  func compared(_ region: Region) -> [Int] {
    Set(region.variables.map { $0 / shape.perVariable }).sorted()
  }

  enum Step {
    case heights(Region)
    /// Cells at one time, and whether they are all cells of the box.
    case field(Int, Region, isWhole: Bool)
    /// Some cells at all times.
    case series(Int, Region)
  }

  /// Parts of the truth, one after the other; the same whatever the region of the result is.
  func slabs(_ region: Region) -> [Step] {
    let (rows, columns) = box
    let fields = max(1, members.reduce(1) { $0 + $1.count })
    let each = max(1, columns.count * 5 * fields)
    func run(_ cost: Int) -> Int { max(1, Self.slabBytes / max(1, cost)) }
    var slabs: [Step] = []
    func part(_ variable: Int, _ times: Range<Int>, _ layer: Int, _ start: Int, _ limit: Int) -> Region {
      Region(
        variables: variable..<variable + 1, times: times, layers: layer..<layer + 1,
        rows: start..<min(start + limit, rows.upperBound), columns: columns)
    }
    if elevation != nil { slabs.append(.heights(part(0, 0..<1, 0, rows.lowerBound, rows.count))) }
    for index in compared(region) {
      let variable = variables[index].truth
      for layer in 0..<truth.layerCount {
        let limit = hasMaps ? max(1, rows.count) : run(each)
        for time in 0..<truth.timeCount {
          for start in stride(from: rows.lowerBound, to: rows.upperBound, by: limit) {
            slabs.append(
              .field(
                index, part(variable, time..<time + 1, layer, start, limit), isWhole: limit >= rows.count))
          }
        }
        guard hasSeries else { continue }
        let height = run(each * truth.timeCount)
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: height) {
          slabs.append(.series(index, part(variable, 0..<truth.timeCount, layer, start, height)))
        }
      }
    }
    return slabs
  }

  func steps(for region: Region) -> [[Need]] {
    slabs(region).map { slab in
      switch slab {
      case .heights(let part): [Need(elevation ?? 0, part)]
      case .field(let index, let part, _), .series(let index, let part): needs(index, part)
      }
    }
  }

  private func needs(_ index: Int, _ part: Region) -> [Need] {
    var needs = [Need(0, part)]
    for (method, source) in variables[index].sources.enumerated() {
      for variable in [source.variable, source.spread].compactMap({ $0 }) {
        var region = alignments[method].region(part, variables: variable..<variable + 1)
        let members = members[method]
        if members.count > 1 {
          // From the first to the last member of that layer.
          let layer = alignments[method].repeatsLayers ? 0 : part.layers.lowerBound
          let first = layer / members.inner * members.count * members.inner + layer % members.inner
          region.layers = first..<first + (members.count - 1) * members.inner + 1
        }
        needs.append(Need(method + 1, region))
      }
    }
    return needs
  }

  func scratchBytes(for region: Region) -> Int {
    let parts = scoreParts
    var bytes = areas == nil ? 0 : truth.grid.count * 16
    for index in compared(region) {
      for metric in metrics(index) { bytes += shape.layers * metric.size * parts.count(metric) * 8 }
    }
    if shape.isMap { bytes += output.whole.count * 8 }
    // A slab in double precision, twice.
    let slab = hasMaps ? truth.grid.count * (2 + members.reduce(0) { $0 + 2 * $1.count }) * 16 : 0
    return bytes + max(slab, 8 * Self.slabBytes) + (elevation == nil ? 0 : truth.grid.count * 8)
  }

  func operations(for region: Region) -> Double {
    Double(compared(region).count * alignments.count) * Double(truth.whole.count)
      / Double(max(1, truth.variables.count)) * Double(10 + 5 * shape.outputs.count)
  }

  func begin(_ region: Region) throws(StageError) -> any Work { try EvaluatedWork(self, region) }
}
