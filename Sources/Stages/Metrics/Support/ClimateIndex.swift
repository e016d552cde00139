import Basics

/// A number that describes the series of a cell (a quantile, the longest dry spell). Computed for field and truth, and
/// meant over the cells by their weights; then their difference or ratio is taken, as the VALUE project does
/// (Maraun et al. 2015, doi:10.1002/2014EF000259), or the number of the field itself.
protocol ClimateIndex: SeriesMetric {
  /// The numbers of a series; NaN where there is none.
  func index(_ values: [Double], _ series: Series) -> [Double]
  var setup: IndexSetup { get }
}

/// What an index is compared by, and what comes out.
struct IndexSetup: Sendable {
  let measure: IndexMeasure
  let outputs: [MetricOutput]

  /// - Parameter parts: what is added to the metric's name, and the title, of each number.
  /// - Throws: `PlanError` when the fields have no series in time.
  init(
    _ arguments: Arguments, _ subject: MetricSubject, _ parts: [(suffix: String, title: String)],
    units: MetricOutput.Units, default standard: IndexMeasure = .bias
  ) throws(PlanError) {
    try subject.needSeries(arguments)
    let measure = IndexMeasure(arguments, default: standard)
    self.measure = measure
    outputs = parts.map { measure.output(arguments.stage + $0.suffix, $0.title, units: units) }
  }

  /// For an index of one number.
  init(
    _ arguments: Arguments, _ subject: MetricSubject, _ title: String, units: MetricOutput.Units,
    default standard: IndexMeasure = .bias
  ) throws(PlanError) {
    try self.init(arguments, subject, [("", title)], units: units, default: standard)
  }
}

extension Key {
  /// Of indices of rain.
  static let wetThreshold = Key(
    "threshold", .number, default: "1 mm a day", "from which on a day is wet, in the units of the variable")
}

enum IndexMeasure: String, CaseIterable, Sendable {
  case bias, ratio, value

  static func key(default measure: IndexMeasure) -> Key {
    Key(
      "measure", .choice(allCases.map(\.rawValue)), default: measure.rawValue,
      "field - truth, field / truth, or the field's own")
  }

  init(_ arguments: Arguments, default measure: IndexMeasure) {
    self = arguments.text("measure").flatMap(Self.init(rawValue:)) ?? measure
  }

  func output(_ name: String, _ title: String, units: MetricOutput.Units) -> MetricOutput {
    switch self {
    case .bias: MetricOutput(name: name, title: "bias of \(title)", units: units, better: .near(0))
    case .ratio: MetricOutput(name: name, title: "\(title), ratio to the truth's", better: .near(1))
    case .value: MetricOutput(name: name, title: title, units: units)
    }
  }
}

extension ClimateIndex {
  var outputs: [MetricOutput] { setup.outputs }
  var size: Int { outputs.count * 3 }

  func add(_ series: Series, weight: Double) -> [Double] {
    let (field, truth) = (index(series.x, series), index(series.y, series))
    var sums: [Double] = []
    for (a, b) in zip(field, truth) {
      sums += a.isFinite && b.isFinite ? [weight * a, weight * b, weight] : [0, 0, 0]
    }
    return sums
  }

  func values(_ sums: [Double]) -> [Double] {
    outputs.indices.map { i in
      let (field, truth, weight) = (sums[3 * i], sums[3 * i + 1], sums[3 * i + 2])
      guard weight > 0 else { return .nan }
      switch setup.measure {
      case .bias: return (field - truth) / weight
      case .ratio: return truth == 0 ? .nan : field / truth
      case .value: return field / weight
      }
    }
  }
}

extension Series {
  /// The positions of each year's steps, in the order of time.
  var byYear: [Range<Int>] {
    var result: [Range<Int>] = []
    for i in 0..<count {
      if let last = result.last, year[last.lowerBound] == year[i] {
        result[result.count - 1] = last.lowerBound..<i + 1
      } else {
        result.append(i..<i + 1)
      }
    }
    return result
  }

  /// The mean over years of a number of each year.
  func meanOverYears(_ value: (Range<Int>) -> Double) -> Double {
    let years = byYear
    return years.isEmpty ? .nan : years.reduce(0) { $0 + value($1) } / Double(years.count)
  }

  /// The longest run of steps that hold, one right after the other, in a range.
  func longestRun(_ range: Range<Int>, _ holds: (Int) -> Bool) -> Int {
    var (longest, run) = (0, 0)
    for i in range {
      if i > range.lowerBound, !follows[i] { run = 0 }
      run = holds(i) ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }
}

/// Numbers of a sample.
enum Sample {
  static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
  }

  /// Divided by n.
  static func deviation(_ values: [Double]) -> Double {
    let middle = mean(values)
    return (values.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(values.count)).squareRoot()
  }

  /// Linear between the two nearest of sorted values (numpy's default, type 7 of Hyndman and Fan 1996).
  static func quantile(sorted values: [Double], _ level: Double) -> Double {
    guard let last = values.last else { return .nan }
    let place = level * Double(values.count - 1)
    guard place < Double(values.count - 1), place >= 0 else { return place < 0 ? values[0] : last }
    let low = Int(place)
    return values[low] + (place - Double(low)) * (values[low + 1] - values[low])
  }

  /// Pearson's; NaN when one of them does not vary.
  static func correlation(_ x: [Double], _ y: [Double]) -> Double {
    let (a, b) = (mean(x), mean(y))
    var (xx, yy, xy, scale) = (0.0, 0.0, 0.0, (0.0, 0.0))
    for i in x.indices {
      let (u, v) = (x[i] - a, y[i] - b)
      xx += u * u
      yy += v * v
      xy += u * v
      scale = (scale.0 + x[i] * x[i], scale.1 + y[i] * y[i])
    }
    guard xx > 1e-24 * scale.0, yy > 1e-24 * scale.1, xx > 0, yy > 0 else { return .nan }
    return max(-1, min(1, xy / (xx.squareRoot() * yy.squareRoot())))
  }
}
