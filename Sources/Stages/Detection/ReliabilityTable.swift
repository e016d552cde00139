import Basics
import Grids

/// How often an event was there where it was said to have a probability: the reliability diagram (Murphy and Winkler
/// 1977, Applied Statistics 26, 41-47) as numbers.
struct ReliabilityTable: Sendable {
  struct Bin: Sendable {
    var count = 0
    var events = 0
    /// Of the probabilities.
    var sum = 0.0
    var forecast: Double { count > 0 ? sum / Double(count) : .nan }
    var observed: Double { count > 0 ? Double(events) / Double(count) : .nan }
  }
  private(set) var bins: [Bin]

  /// Bins of the same width from 0 to 1; the last one has both edges.
  init(bins: Int) { self.bins = [Bin](repeating: Bin(), count: max(1, bins)) }

  /// From counts by probability: each counts with the middle of its part.
  init(_ counts: ClassCounts, bins: Int) {
    self.init(bins: bins)
    for part in 0...ClassCounts.bins where counts.present[part] + counts.absent[part] > 0 {
      let probability = min(1, (Double(part) + 0.5) / Double(ClassCounts.bins))
      add(
        probability, present: counts.present[part], absent: counts.absent[part],
        at: part * self.bins.count / ClassCounts.bins)
    }
  }

  /// - Parameter probability: from 0 to 1.
  mutating func add(_ probability: Double, isThere: Bool) {
    let place = Int(exactly: (probability * Double(bins.count)).rounded(.down)) ?? 0
    add(probability, present: isThere ? 1 : 0, absent: isThere ? 0 : 1, at: place)
  }

  private mutating func add(_ probability: Double, present: Int, absent: Int, at place: Int) {
    let place = max(0, min(bins.count - 1, place))
    bins[place].count += present + absent
    bins[place].events += present
    bins[place].sum += probability * Double(present + absent)
  }

  /// The mean of |observed - forecast|, each bin weighted by what it holds.
  var calibrationError: Double {
    let all = bins.reduce(0) { $0 + $1.count }
    guard all > 0 else { return .nan }
    return bins.reduce(0) { $0 + abs(Double($1.events) - $1.sum) } / Double(all)
  }

  // MARK: What it is written to

  /// Three variables for each bin.
  static func variables(_ bins: Int, of what: String) -> [VariableDescription] {
    (0..<bins).flatMap { bin -> [VariableDescription] in
      let range = "\(edge(bin, bins).plain) to \(edge(bin + 1, bins).plain)"
      return [
        VariableDescription(
          name: "forecast_\(bin + 1)", longName: "mean of the probabilities from \(range)", units: "1"),
        VariableDescription(
          name: "observed_\(bin + 1)", longName: "share of events where the probability is \(range)",
          units: "1"),
        VariableDescription(
          name: "\(what)_\(bin + 1)", longName: "\(what) with a probability of \(range)", units: "1"),
      ]
    }
  }

  func write(to block: Block, from first: Int, layer: Int) {
    for (index, bin) in bins.enumerated() {
      for (offset, value) in [bin.forecast, bin.observed, Double(bin.count)].enumerated() where value.isFinite
      {
        let place = block.mapOffset(first + 3 * index + offset, 0, layer)
        (block.values[place], block.validity[place]) = (Float(value), 1)
      }
    }
  }

  struct Entry: Sendable {
    let method: String
    let variable: String
    let table: ReliabilityTable
  }

  static func json(_ entries: [Entry]) -> JSONValue {
    .array(
      entries.map { entry in
        let count = entry.table.bins.count
        return .object([
          ("method", .string(entry.method)), ("variable", .string(entry.variable)),
          (
            "bins",
            .array(
              entry.table.bins.enumerated().map { index, bin in
                .object([
                  ("from", .number(edge(index, count))), ("to", .number(edge(index + 1, count))),
                  ("forecast", bin.forecast.isFinite ? .number(bin.forecast) : .null),
                  ("observed", bin.observed.isFinite ? .number(bin.observed) : .null),
                  ("n", .integer(bin.count)),
                ])
              })
          ),
        ])
      })
  }

  /// Four digits are enough for a hundred bins.
  private static func edge(_ index: Int, _ count: Int) -> Double {
    (Double(index) / Double(count) * 10000).rounded() / 10000
  }
}

/// Times in words, for tables of scores.
enum EvaluatedTimes {
  /// What was measured, and what a threshold was chosen on; `all` when that is everything there is.
  static func text(_ time: TimeAxis?, measured: [Int], chosen: [Int]?) -> String {
    let own = measured.count == (time?.count ?? 1) ? "all" : span(time, measured)
    guard let chosen else { return own }
    return "\(own), threshold chosen on \(span(time, chosen))"
  }

  private static func span(_ time: TimeAxis?, _ steps: [Int]) -> String {
    guard let first = steps.min(), let last = steps.max() else { return "none" }
    guard let dates = try? time?.representativeDates(), dates.indices.contains(first),
      dates.indices.contains(last)
    else { return "steps \(first + 1) to \(last + 1)" }
    func day(_ date: CFDate) -> String {
      func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
      return "\(date.year)-\(two(date.month))-\(two(date.day))"
    }
    return first == last ? day(dates[first]) : "\(day(dates[first])) to \(day(dates[last]))"
  }
}
