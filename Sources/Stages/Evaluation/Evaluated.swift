import Basics
import GridFiles
import Grids

/// The scores of several methods against the truth, summed up slab by slab.
struct Evaluated: Computation {
  /// One variable of the truth, and what each method has for it.
  struct Compared: Sendable {
    let truth: Int
    let name: String
    let units: String
    let sources: [Source]
  }
  struct Source: Sendable {
    let variable: Int
    let factor: Double
    let offset: Double
  }
  struct File: Sendable {
    let path: String
    let mark: Mark
  }

  let output: Description
  let shape: ScoreShape
  let truth: Description
  let variables: [Compared]
  let alignments: [Alignment]
  let parts: [PartOfField]
  /// For each step of the truth its period beside the first.
  let periods: [Int?]
  let areas: LazyAreas?
  let json: File?
  /// Of the first score among those of the pipeline.
  let order: Int

  var label: String { "scores of \(shape.methods.joined(separator: ", "))" }
  let isWhole = true
  var effect: Effect? { Effect(files: json.map { [.init(path: $0.path, mark: $0.mark)] } ?? []) }

  /// Bytes of input that are taken in one step.
  private static let slabBytes = 8 << 20

  /// The rows and columns that any region needs.
  private var box: (rows: Range<Int>, columns: Range<Int>) {
    let rows = parts.map(\.rows), columns = parts.map(\.columns)
    let (top, left) = (rows.map(\.lowerBound).min() ?? 0, columns.map(\.lowerBound).min() ?? 0)
    return (
      top..<max(top, rows.map(\.upperBound).max() ?? top),
      left..<max(left, columns.map(\.upperBound).max() ?? left)
    )
  }

  /// Which of the compared variables a region of the result needs.
  func compared(_ region: Region) -> [Int] {
    Set(region.variables.map { $0 / shape.perVariable }).sorted()
  }

  /// Parts of the truth, one after the other; the same whatever the region of the result is.
  func slabs(_ region: Region) -> [(compared: Int, region: Region)] {
    let (rows, columns) = box
    let each = max(1, columns.count * 5 * (1 + alignments.count))
    let limit = max(1, Self.slabBytes / each)
    var slabs: [(Int, Region)] = []
    for index in compared(region) {
      let variable = variables[index].truth
      for time in 0..<truth.timeCount {
        for layer in 0..<truth.layerCount {
          for start in stride(from: rows.lowerBound, to: rows.upperBound, by: limit) {
            slabs.append(
              (
                index,
                Region(
                  variables: variable..<variable + 1, times: time..<time + 1, layers: layer..<layer + 1,
                  rows: start..<min(start + limit, rows.upperBound), columns: columns)
              ))
          }
        }
      }
    }
    return slabs
  }

  func steps(for region: Region) -> [[Need]] {
    slabs(region).map { index, part in
      [Need(0, part)]
        + variables[index].sources.enumerated().map { method, source in
          Need(
            method + 1,
            alignments[method].region(part, variables: source.variable..<source.variable + 1))
        }
    }
  }

  func scratchBytes(for region: Region) -> Int {
    shape.layers * compared(region).count * MemoryLayout<ScoreSums>.stride
      + (areas == nil ? 0 : truth.grid.count * 16)
  }

  func operations(for region: Region) -> Double {
    Double(compared(region).count * alignments.count) * Double(truth.whole.count)
      / Double(max(1, truth.variables.count)) * 15
  }

  func begin(_ region: Region) throws(StageError) -> any Work { try EvaluatedWork(self, region) }
}

private final class EvaluatedWork: Work {
  let evaluated: Evaluated
  let region: Region
  let slabs: [(compared: Int, region: Region)]
  let compared: [Int]
  let areas: [Double]?
  /// By compared variable of the region and layer.
  var sums: [ScoreSums]

  init(_ evaluated: Evaluated, _ region: Region) throws(StageError) {
    (self.evaluated, self.region) = (evaluated, region)
    slabs = evaluated.slabs(region)
    compared = evaluated.compared(region)
    do { areas = try evaluated.areas?.values() } catch {
      throw StageError(
        "the areas of the cells: \(error.cause)", subject: error.subject, remedy: "use `weights: none`")
    }
    sums = .init(repeating: ScoreSums(), count: compared.count * evaluated.shape.layers)
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    let (index, part) = slabs[step]
    let sources = evaluated.variables[index].sources
    guard blocks.count == sources.count + 1, let position = compared.firstIndex(of: index) else {
      throw StageError("`evaluate` was not given all its fields")
    }
    let truth = blocks[0]
    let shape = evaluated.shape
    let first = position * shape.layers
    let periods = [0] + (evaluated.periods[part.times.lowerBound].map { [$0] } ?? [])
    let nx = evaluated.truth.grid.nx
    var values = [Double](repeating: 0, count: sources.count)
    for (r, row) in part.rows.enumerated() {
      for (c, column) in part.columns.enumerated() {
        let i = r * part.columns.count + c
        guard blocks.allSatisfy({ $0.validity[i] != 0 }) else { continue }
        let expected = Double(truth.values[i])
        for m in sources.indices {
          values[m] = Double(blocks[m + 1].values[i]) * sources[m].factor + sources[m].offset
        }
        let weight = areas.map { $0[row * nx + column] } ?? 1
        guard weight > 0 else { continue }
        for (number, region) in evaluated.parts.enumerated() where region.contains(row, column) {
          for m in sources.indices {
            for period in periods {
              sums[first + shape.layer(m, number, period)].add(values[m], expected, weight: weight)
            }
          }
        }
      }
    }
  }

  func finish() throws(StageError) -> Block {
    let shape = evaluated.shape
    let block = try Block.make(region)
    for (v, variable) in region.variables.enumerated() {
      guard let position = compared.firstIndex(of: variable / shape.perVariable) else { continue }
      let metric = variable % shape.perVariable
      for (l, layer) in region.layers.enumerated() {
        let sum = sums[position * shape.layers + layer]
        let value = metric < shape.metrics.count ? sum.value(shape.metrics[metric]) : Double(sum.n)
        let i = block.mapOffset(v, 0, l)
        let isValid = Float(value).isFinite
        block.values[i] = isValid ? Float(value) : .nan
        block.validity[i] = isValid ? 1 : 0
      }
    }
    if region == evaluated.output.whole, let file = evaluated.json { try write(file.path) }
    return block
  }

  /// In the order of a table: each method's row, region by region.
  private var scores: [Score] {
    let shape = evaluated.shape
    var scores: [Score] = []
    for (position, index) in compared.enumerated() {
      let (name, units) = shape.variables[index]
      for (r, region) in shape.regions.enumerated() {
        for (p, period) in shape.periods.enumerated() {
          for (m, method) in shape.methods.enumerated() {
            let sum = sums[position * shape.layers + shape.layer(m, r, p)]
            for metric in shape.metrics {
              scores.append(
                Score(
                  method: method, variable: name, metric: metric.rawValue, value: sum.value(metric),
                  units: metric == .correlation ? "1" : units, region: region, period: period, n: sum.n,
                  order: evaluated.order + scores.count))
            }
          }
        }
      }
    }
    return scores
  }

  var findings: [Finding] { scores.map { .score($0) } }

  private func write(_ path: String) throws(StageError) {
    let text = JSONValue.object([("scores", .array(scores.map { $0.json() }))]).text + "\n"
    do throws(FileError) {
      let file = try TemporaryFile.create(path, inputs: [])
      try file.write(Array(text.utf8))
      try file.publish()
    } catch {
      throw StageError(error)
    }
  }
}
