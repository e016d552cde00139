import Basics
import GridFiles
import Grids

/// How the scores of an `evaluate` stage are laid out.
struct ScoreShape: Sendable {
  let methods: [String]
  let regions: [String]
  let periods: [String]
  let metrics: [Evaluate.Metric]
  let variables: [(name: String, units: String)]

  /// Scores of one variable of the result: its layers.
  var layers: Int { methods.count * regions.count * periods.count }
  func layer(_ method: Int, _ region: Int, _ period: Int) -> Int {
    (method * regions.count + region) * periods.count + period
  }

  /// Variables of the result for each compared one: its measures, then the number of values.
  var perVariable: Int { metrics.count + 1 }

  /// A data set of one cell with the layers method, region and period.
  func description(of truth: Description, _ chosen: [Int]) -> Description {
    func axis(_ name: String, _ labels: [String]) -> Axis {
      Axis(name: name, kind: .other, values: labels.indices.map(Double.init), labels: labels)
    }
    var result = Description(
      variables: [], time: nil,
      layers: [axis("method", methods), axis("region", regions), axis("period", periods)],
      grid: Grid(kind: .bare, y: .index("y", 1), x: .index("x", 1)), globalAttributes: truth.globalAttributes)
    for (index, variable) in chosen.enumerated() {
      let original = truth.variables[variable]
      let title = original.longName ?? original.standardName ?? original.name
      for metric in metrics {
        let units = metric == .correlation ? "1" : variables[index].units
        var score = VariableDescription(
          name: "\(original.name)_\(metric.rawValue.split(separator: "-").joined(separator: "_"))",
          standardName: metric.standardName(of: original.standardName),
          longName: "\(metric.title) of \(title)", units: units)
        if metric != .correlation, UnitText.isTemperature(units) {
          score.set("units_metadata", .text("temperature: difference"))
        }
        result.variables.append(score)
      }
      result.variables.append(
        VariableDescription(
          name: "\(original.name)_n", standardName: "number_of_observations",
          longName: "values compared of \(title)", units: "1"))
    }
    return result
  }
}

extension Evaluate.Metric {
  /// CF has a name for one measure: `standard_error` (CF 1.11, appendix C) is the uncertainty, systematic and
  /// statistical, that stands for one standard deviation. It has none for the others.
  fileprivate func standardName(of truth: String?) -> String? {
    guard self == .rmse, let truth, StandardNames.read(truth).map({ $0.modifier == nil }) == true else {
      return nil
    }
    return "\(truth) standard_error"
  }

  fileprivate var title: String {
    switch self {
    case .rmse: "root mean square error"
    case .mae: "mean absolute error"
    case .bias: "mean error"
    case .correlation: "correlation with the truth"
    case .maxError: "largest absolute error"
    }
  }
}

/// Sums over the values of one method, region and period. Values are counted from the first one, so that the
/// variances lose no digits.
struct ScoreSums {
  var n = 0
  var weight = 0.0
  private var error = 0.0, absolute = 0.0, square = 0.0, largest = 0.0
  private var origin = (field: 0.0, truth: 0.0)
  private var field = 0.0, truth = 0.0, fieldSquare = 0.0, truthSquare = 0.0, product = 0.0

  mutating func add(_ value: Double, _ true_: Double, weight w: Double) {
    if n == 0 { origin = (value, true_) }
    n += 1
    weight += w
    let d = value - true_
    error += w * d
    absolute += w * abs(d)
    square += w * d * d
    if abs(d) > largest { largest = abs(d) }
    let (x, y) = (value - origin.field, true_ - origin.truth)
    field += w * x
    truth += w * y
    fieldSquare += w * x * x
    truthSquare += w * y * y
    product += w * x * y
  }

  /// NaN when there is none.
  func value(_ metric: Evaluate.Metric) -> Double {
    guard n > 0, weight > 0 else { return .nan }
    switch metric {
    case .rmse: return (square / weight).squareRoot()
    case .mae: return absolute / weight
    case .bias: return error / weight
    case .maxError: return largest
    case .correlation:
      let (x, y) = (field / weight, truth / weight)
      let (xx, yy) = (fieldSquare / weight - x * x, truthSquare / weight - y * y)
      // Less than rounding leaves of a constant.
      guard xx > 1e-24 * (fieldSquare / weight), yy > 1e-24 * (truthSquare / weight), xx > 0, yy > 0 else {
        return .nan
      }
      return max(-1, min(1, (product / weight - x * y) / (xx.squareRoot() * yy.squareRoot())))
    }
  }
}
