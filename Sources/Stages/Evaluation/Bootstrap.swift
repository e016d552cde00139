import Basics
import Tensors

/// Intervals of scores from drawing parts of the data again, with replacement (Efron 1979): runs of times, or tiles of the
/// map where there are few times, so that neighbours stay together.
struct Bootstrap: Sendable {
  var samples = 1000
  var level = 0.95
  /// Steps of a part; 0: the cube root of their number.
  var steps = 0
  /// Cells of a tile along each side.
  var tile = 16
  var seed = 0

  static let keys: [Key] = [
    Key("samples", .integer, default: "1000", "how often it is drawn"),
    Key("level", .number, default: "0.95", "the probability of the interval"),
    Key("steps", .integer, default: "the cube root of the number of steps", "times of a part"),
    Key("tile", .integer, default: "16", "cells of a part along each side"),
    Key("seed", .integer, default: "0", "of the draws"),
  ]

  init?(_ arguments: Arguments) throws(PlanError) {
    guard let value = arguments.value("bootstrap") else { return nil }
    samples = value.integer ?? value["samples"]?.integer ?? samples
    level = value["level"]?.number ?? level
    steps = value["steps"]?.integer ?? steps
    tile = value["tile"]?.integer ?? tile
    seed = value["seed"]?.integer ?? seed
    guard (10...100_000).contains(samples), level > 0, level < 1, (0...1 << 30).contains(steps),
      (1...1 << 20).contains(tile)
    else {
      throw PlanError(
        "`bootstrap`: samples from 10 to 100000, a level between 0 and 1, steps and tile above 0",
        at: value.mark)
    }
  }

  /// The values of a measure between which the given share of the samples lies.
  ///
  /// - Parameter parts: sums of each part, one after the other; parts without any data are all zeros.
  /// - Returns: for each number of the measure; nil where it cannot be said.
  func intervals(_ metric: any Metric, _ parts: [Double], count: Int) -> [Score.Interval?] {
    let size = metric.size
    let filled = (0..<count).filter { part in (0..<size).contains { parts[part * size + $0] != 0 } }
    guard filled.count > 1 else { return metric.outputs.map { _ in nil } }
    var found = metric.outputs.map { _ in [Double]() }
    // The same draws for all measures and methods of the same parts: differences are those of the methods.
    let stream = RandomStream(seed: UInt64(bitPattern: Int64(seed)), stream: 0xB007)
    var sums = [Double](repeating: 0, count: size)
    for sample in 0..<samples {
      for k in 0..<size { sums[k] = 0 }
      for draw in 0..<filled.count {
        let place = UInt64(sample) &* UInt64(filled.count) &+ UInt64(draw)
        let part = filled[Int(stream.integer(below: UInt64(filled.count), at: place))]
        for k in 0..<size {
          let value = parts[part * size + k]
          sums[k] = metric.takesMaximum ? max(sums[k], value) : sums[k] + value
        }
      }
      for (k, value) in metric.values(sums).enumerated() where value.isFinite { found[k].append(value) }
    }
    return found.map { values in
      guard values.count > 9 else { return nil }
      let sorted = values.sorted()
      return Score.Interval(
        low: Sample.quantile(sorted: sorted, (1 - level) / 2),
        high: Sample.quantile(sorted: sorted, (1 + level) / 2))
    }
  }
}
