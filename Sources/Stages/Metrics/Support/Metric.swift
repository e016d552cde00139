import Basics
import Grids
import Networks

/// A measure of how well a field agrees with the truth. One file each in `Metrics/`.
///
/// A measure is computed from sums, which are those of the parts added up: so the same sums, kept part by part, give
/// the value for a region, a month, and for the resampled parts of a bootstrap.
protocol Metric: Sendable {
  static var declaration: Declaration { get }
  /// Other names that it is known by.
  static var aliases: [String] { get }
  /// - Parameters:
  ///   - arguments: they fit the declaration; `stage` is the name that was used.
  ///   - subject: what is measured.
  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError)
  var outputs: [MetricOutput] { get }
  /// How many sums it needs.
  var size: Int { get }
  /// True when parts are put together by their maximum instead of their sum.
  var takesMaximum: Bool { get }
  /// - Returns: one number for each output; NaN when there is none.
  func values(_ sums: [Double]) -> [Double]
}

extension Metric {
  static var aliases: [String] { [] }
  var takesMaximum: Bool { false }
}

/// A measure of single values, whatever their place and time.
protocol PointMetric: Metric {
  func add(_ samples: Samples) -> [Double]
}

/// A measure of the series of a cell.
protocol SeriesMetric: Metric {
  func add(_ series: Series, weight: Double) -> [Double]
}

/// A measure of maps.
protocol MapMetric: Metric {
  func add(_ maps: MapPair) -> [Double]
}

/// One number that a measure gives.
struct MetricOutput: Sendable {
  enum Units: Sendable {
    /// Of a difference of two values of the variable, and of its square.
    case variable, square
    case text(String)
  }
  /// `rmse`, `quantile_bias_0.99`.
  let name: String
  let title: String
  var units = Units.text("1")
  var better = Score.Better.none

  func unitText(_ variable: String?) -> String {
    switch units {
    case .variable: UnitText.difference(variable) ?? "1"
    case .square: UnitText.power(variable, 2) ?? "1"
    case .text(let text): text
    }
  }
}

/// What a measure may know of the data before they are read.
struct MetricSubject {
  let name: String
  let units: String?
  /// Steps of the truth.
  let timeCount: Int
  let hasTime: Bool
  /// Members of each method; 1 for a field that is no ensemble.
  let members: [Int]

  /// The `threshold` that was given, in the variable's units.
  func threshold(_ arguments: Arguments) throws(PlanError) -> Double {
    guard let value = arguments.number("threshold") else {
      throw PlanError("`\(arguments.stage)` needs a threshold", at: arguments.mark)
    }
    return value
  }

  /// The `threshold` that was given, or 1 mm (a day) in the variable's units.
  func wetThreshold(_ arguments: Arguments) throws(PlanError) -> Double {
    if let value = arguments.number("threshold") { return value }
    for unit in ["mm day-1", "kg m-2 day-1", "mm", "kg m-2"] {
      if let units, let conversion = try? UnitConversion(from: unit, to: units), conversion.offset == 0 {
        return conversion.factor
      }
    }
    throw PlanError(
      "`\(arguments.stage)`: 1 mm a day cannot be said in \(units ?? "no units"), the units of `\(name)`",
      at: arguments.mark, subject: name, remedy: "give `threshold` in the units of `\(name)`")
  }

  func needSeries(_ arguments: Arguments) throws(PlanError) {
    guard hasTime, timeCount > 1 else {
      throw PlanError(
        "`\(arguments.stage)` needs a series, `\(name)` has \(timeCount) time step", at: arguments.mark,
        subject: name)
    }
  }
}

/// Values at some cells and times, all valid.
struct Samples {
  /// What is measured (of an ensemble the mean), what is true, and what each counts.
  var x: [Double] = []
  var y: [Double] = []
  var w: [Double] = []
  /// Members one after the other for each sample; the same as `x` when there is only one.
  var members: [Double] = []
  var memberCount = 1
  /// Standard deviation of a predicted normal distribution.
  var spread: [Double]?
  /// A value of each that sums may be counted from: the same for all parts.
  var origin = (x: 0.0, y: 0.0)
  var count: Int { x.count }
}

/// The valid steps of one cell, in the order of time.
struct Series {
  var x: [Double] = []
  var y: [Double] = []
  var month: [Int] = []
  var year: [Int] = []
  /// Whether the step comes right after the one before.
  var follows: [Bool] = []
  var count: Int { x.count }
}

/// Two maps at one time.
struct MapPair {
  let rows: Int
  let columns: Int
  var x: [Double]
  var y: [Double]
  var isValid: [Bool]
}

/// Which measures there are, by name.
enum Metrics {
  static func find(
    _ value: ConfigValue, _ subject: MetricSubject, _ decoding: Decoding
  ) -> (any Metric)? {
    decoding.one(
      value, "measure",
      of: allMetrics.flatMap { type in
        ([type.declaration.name] + type.aliases).map { name in
          (
            Declaration(name: name, summary: type.declaration.summary, keys: type.declaration.keys),
            { (arguments: Arguments) throws(PlanError) in try type.init(arguments, subject) }
          )
        }
      })
  }

  /// Names, what they are, and their keys, as text.
  static var help: String {
    allMetrics.map { type in
      let names = ([type.declaration.name] + type.aliases).joined(separator: ", ")
      let keys = type.declaration.keys.map {
        "\($0.name)\($0.defaultText.map { " = \($0)" } ?? "") (\($0.summary))"
      }
      return "  \(names): \(type.declaration.summary)"
        + (keys.isEmpty ? "" : ". Keys: \(keys.joined(separator: "; "))")
    }.joined(separator: "\n")
  }
}
