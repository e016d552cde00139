import Basics
import GridFiles
import Grids

/// Scores of masks and probabilities, time by time.
struct Verified: ReadingComputation {
  struct Method: Sendable {
    let name: String
    let alignment: Alignment
    /// The variable with the map of classes, and for each class its value there.
    let map: Int?
    let values: [Float?]
    /// The variables with the probability of each class; empty: none.
    let probabilities: [Int]
    let usesThreshold: Bool
  }
  enum Threshold: Sendable {
    case given(Double)
    /// Chosen on these times.
    case best([Int])
  }
  let output: Description
  let truth: Description
  let variable: Int
  let classes: [VariableDescription.Flag]
  let methods: [Method]
  let threshold: Threshold?
  let measured: [Int]
  let within: Double?
  let cells: SphereCells
  let metrics: [String]
  /// Bins of the reliability table; 0: none.
  let bins: Int
  /// The times that are measured, and those that thresholds are chosen on, in words.
  let period: String
  let json: Evaluated.File?
  let order: Int
  var label: String { "verify \(methods.map(\.name).joined(separator: ", "))" }
  var effect: Effect? { Effect(files: json.map { [.init(path: $0.path, mark: $0.mark)] } ?? []) }

  static func metrics(hasProbabilities: Bool, hasBins: Bool, within: Bool) -> [String] {
    ["f1", "iou", "precision", "recall", "far", "bias", "accuracy"]
      + (hasProbabilities ? ["roc-auc", "pr-auc", "brier", "threshold"] : [])
      + (hasBins ? ["calibration-error"] : [])
      + (within ? ["pod-within", "far-within", "csi-within"] : []) + ["tp", "fp", "fn", "tn"]
  }

  func sharedBytes(threads: Int) -> Int {
    classes.count * methods.count * ClassCounts.bins * 32 + truth.grid.count * (methods.count + 4) * 16
  }

  func operations(for region: Region) -> Double {
    Double(truth.whole.count) * Double(methods.count * classes.count) * 20
  }

  func compute(reading inputs: any FieldReader, run: RunContext) throws(StageError) -> Block {
    // The bin from which a class is said to be there, by method and class.
    var starts = [[Int]](repeating: [Int](repeating: 0, count: classes.count), count: methods.count)
    switch threshold {
    case .given(let number):
      let bin = ClassCounts.bin(Float(number))
      for m in starts.indices { starts[m] = starts[m].map { _ in bin } }
    case .best(let times):
      let counts = try self.counts(times, inputs, run)
      for m in methods.indices { for c in classes.indices { starts[m][c] = counts[m][c].best } }
    case nil: break
    }
    let counts = try self.counts(measured, inputs, run)
    var tables = [[ClassCounts.Table]](
      repeating: [ClassCounts.Table](repeating: .init(), count: classes.count), count: methods.count)
    var near = [[Near]](repeating: [Near](repeating: .init(), count: classes.count), count: methods.count)
    for m in methods.indices where methods[m].usesThreshold {
      for c in classes.indices { tables[m][c] = counts[m][c].table(from: starts[m][c]) }
    }
    if within != nil || methods.contains(where: { !$0.usesThreshold }) {
      try said(starts, &tables, &near, inputs, run)
    }
    var scores: [Score] = []
    let block: Block
    do { block = try Block(missing: output.whole) } catch { throw StageError("\(error)") }
    for (v, metric) in metrics.enumerated() {
      for m in methods.indices {
        for c in classes.indices {
          let value = value(metric, tables[m][c], counts[m][c], starts[m][c], near[m][c], methods[m])
          let place = block.mapOffset(v, 0, m * classes.count + c)
          let isValid = Float(value).isFinite
          (block.values[place], block.validity[place]) = (isValid ? Float(value) : .nan, isValid ? 1 : 0)
          scores.append(
            Score(
              method: methods[m].name, variable: classes[c].meaning, metric: metric, value: value, units: "1",
              region: "all", period: period, n: counts[m][c].n,
              order: order + (m * classes.count + c) * metrics.count + v))
        }
      }
    }
    scores.sort { $0.order < $1.order }
    for score in scores { run.report(.score(score)) }
    var told: [ReliabilityTable.Entry] = []
    for m in methods.indices where bins > 0 && !methods[m].probabilities.isEmpty {
      for c in classes.indices {
        let table = ReliabilityTable(counts[m][c], bins: bins)
        table.write(to: block, from: metrics.count, layer: m * classes.count + c)
        told.append(.init(method: methods[m].name, variable: classes[c].meaning, table: table))
      }
    }
    if let json {
      try ScoreFile.write(
        scores, to: json.path, more: bins > 0 ? [("reliability", ReliabilityTable.json(told))] : [])
    }
    return block
  }

  private func value(
    _ metric: String, _ table: ClassCounts.Table, _ counts: ClassCounts, _ bin: Int, _ near: Near,
    _ method: Method
  ) -> Double {
    let hasProbabilities = !method.probabilities.isEmpty
    switch metric {
    case "f1": return table.f1
    case "iou": return table.iou
    case "precision": return table.precision
    case "recall": return table.recall
    case "far": return table.far
    case "bias": return table.bias
    case "accuracy": return table.accuracy
    case "roc-auc": return hasProbabilities ? counts.rocAUC : .nan
    case "pr-auc": return hasProbabilities ? counts.prAUC : .nan
    case "brier": return hasProbabilities ? counts.brier : .nan
    case "calibration-error":
      return hasProbabilities ? ReliabilityTable(counts, bins: bins).calibrationError : .nan
    case "threshold": return method.usesThreshold ? Double(bin) / Double(ClassCounts.bins) : .nan
    case "pod-within": return near.pod
    case "far-within": return near.far
    case "csi-within":
      let (pod, success) = (near.pod, 1 - near.far)
      guard pod > 0, success > 0 else { return pod.isNaN || success.isNaN ? .nan : 0 }
      return 1 / (1 / pod + 1 / success - 1)
    case "tp": return Double(table.hits)
    case "fp": return Double(table.falseAlarms)
    case "fn": return Double(table.misses)
    default: return Double(table.rejections)
    }
  }

  /// Cells with a counterpart near them.
  struct Near: Sendable {
    var trueCells = 0, found = 0, saidCells = 0, unfounded = 0
    var pod: Double { trueCells > 0 ? Double(found) / Double(trueCells) : .nan }
    var far: Double { saidCells > 0 ? Double(unfounded) / Double(saidCells) : .nan }
  }

  private func map(
    _ input: Int, _ variable: Int, _ time: Int, _ layer: Int, _ alignment: Alignment?,
    _ inputs: any FieldReader
  ) throws(StageError) -> Block {
    let region = Region(
      variables: variable..<variable + 1, times: time..<time + 1, layers: layer..<layer + 1,
      rows: 0..<truth.grid.ny,
      columns: 0..<truth.grid.nx)
    return try inputs.read(input, alignment.map { $0.region(region, variables: region.variables) } ?? region)
  }

  /// The truth, and of each method its map and probabilities, at a time; and which cells count.
  private struct Maps {
    let truth: Block
    let maps: [Block?]
    let probabilities: [[Block]]
    let counts: [Bool]
  }

  private func maps(_ time: Int, _ layer: Int, _ inputs: any FieldReader) throws(StageError) -> Maps {
    let truth = try map(0, variable, time, layer, nil, inputs)
    var counts = (0..<truth.count).map { truth.validity[$0] != 0 }
    var maps: [Block?] = []
    var probabilities: [[Block]] = []
    for (m, method) in methods.enumerated() {
      var found: Block?
      if let index = method.map { found = try map(m + 1, index, time, layer, method.alignment, inputs) }
      var chances: [Block] = []
      for index in method.probabilities {
        chances.append(try map(m + 1, index, time, layer, method.alignment, inputs))
      }
      for block in chances + (found.map { [$0] } ?? []) {
        for i in counts.indices where block.validity[i] == 0 { counts[i] = false }
      }
      maps.append(found)
      probabilities.append(chances)
    }
    return Maps(truth: truth, maps: maps, probabilities: probabilities, counts: counts)
  }

  private func counts(_ times: [Int], _ inputs: any FieldReader, _ run: RunContext) throws(StageError)
    -> [[ClassCounts]]
  {
    var counts = [[ClassCounts]](
      repeating: [ClassCounts](repeating: .init(), count: classes.count), count: methods.count)
    for time in times {
      try run.checkCancellation()
      for layer in 0..<truth.layerCount {
        let maps = try maps(time, layer, inputs)
        for (m, method) in methods.enumerated() {
          for (c, flag) in classes.enumerated() {
            for i in maps.counts.indices where maps.counts[i] {
              let isThere = maps.truth.values[i] == Float(flag.value)
              let chance: Float
              if !method.probabilities.isEmpty {
                chance = maps.probabilities[m][c].values[i]
                guard chance >= 0, chance <= 1 else {
                  throw StageError("`\(method.name)` has a probability of \(chance)", subject: method.name)
                }
              } else {
                chance = maps.maps[m].map { $0.values[i] == method.values[c] ? 1 : 0 } ?? 0
              }
              counts[m][c].add(chance, isThere)
            }
          }
        }
      }
    }
    return counts
  }

  /// Tables of maps, and what is near.
  private func said(
    _ bins: [[Int]], _ tables: inout [[ClassCounts.Table]], _ near: inout [[Near]], _ inputs: any FieldReader,
    _ run: RunContext
  ) throws(StageError) {
    var visited = VisitedCells(within == nil ? 0 : cells.count)
    for time in measured {
      try run.checkCancellation()
      for layer in 0..<truth.layerCount {
        let maps = try maps(time, layer, inputs)
        for (c, flag) in classes.enumerated() {
          let isTrue = maps.counts.indices.map {
            maps.counts[$0] && maps.truth.values[$0] == Float(flag.value)
          }
          let nearTruth = within.map { spread(isTrue, $0, &visited) }
          for (m, method) in methods.enumerated() {
            let isSaid = maps.counts.indices.map { i in
              guard maps.counts[i] else { return false }
              if method.usesThreshold {
                return ClassCounts.bin(maps.probabilities[m][c].values[i]) >= bins[m][c]
              }
              return maps.maps[m].map { $0.values[i] == method.values[c] } ?? false
            }
            if !method.usesThreshold {
              for i in maps.counts.indices where maps.counts[i] {
                switch (isTrue[i], isSaid[i]) {
                case (true, true): tables[m][c].hits += 1
                case (false, true): tables[m][c].falseAlarms += 1
                case (true, false): tables[m][c].misses += 1
                case (false, false): tables[m][c].rejections += 1
                }
              }
            }
            guard let within, let nearTruth else { continue }
            let nearSaid = spread(isSaid, within, &visited)
            for i in maps.counts.indices {
              if isTrue[i] {
                near[m][c].trueCells += 1
                if nearSaid[i] { near[m][c].found += 1 }
              }
              if isSaid[i] {
                near[m][c].saidCells += 1
                if !nearTruth[i] { near[m][c].unfounded += 1 }
              }
            }
          }
        }
      }
    }
  }

  /// The cells within a distance of those that are set.
  private func spread(_ isSet: [Bool], _ kilometres: Double, _ visited: inout VisitedCells) -> [Bool] {
    var result = isSet
    for cell in isSet.indices where isSet[cell] && !cells.isRepeat(cell) {
      for other in cells.within(kilometres, of: cell, diagonal: true, &visited) { result[other] = true }
    }
    return result
  }
}
