import Basics
import GridFiles
import Grids

/// How the scores of an `evaluate` stage are laid out.
struct ScoreShape: Sendable {
  struct Variable: Sendable {
    let name: String
    let units: String?
    let metrics: [any Metric]
  }
  let methods: [String]
  let regions: [String]
  let periods: [String]
  let variables: [Variable]
  /// The numbers that all measures give, of the first variable (units differ with the variable).
  let outputs: [MetricOutput]
  let hasIntervals: Bool
  /// The result has a value for each cell instead of one for each region.
  let isMap: Bool

  /// Scores of one variable of the result: its layers.
  var layers: Int { methods.count * regions.count * periods.count }
  func layer(_ method: Int, _ region: Int, _ period: Int) -> Int {
    (method * regions.count + region) * periods.count + period
  }

  /// Variables of the result for each compared one: its measures, their intervals, then the number of values.
  var perVariable: Int { outputs.count * (hasIntervals && !isMap ? 3 : 1) + 1 }

  /// A data set of one cell with the layers method, region and period, or of the truth's cells with method and period.
  func description(of truth: Description, _ chosen: [Int]) -> Description {
    func axis(_ name: String, _ labels: [String]) -> Axis {
      Axis(name: name, kind: .other, values: labels.indices.map(Double.init), labels: labels)
    }
    let axes =
      [axis("method", methods)] + (isMap ? [] : [axis("region", regions)]) + [axis("period", periods)]
    let grid = isMap ? truth.grid : Grid(kind: .bare, y: .index("y", 1), x: .index("x", 1))
    var result = Description(
      variables: [], time: nil, layers: axes, grid: grid, globalAttributes: truth.globalAttributes)
    for variable in chosen {
      let original = truth.variables[variable]
      let title = original.longName ?? original.standardName ?? original.name
      func score(_ output: MetricOutput, _ prefix: String, _ suffix: String) -> VariableDescription {
        let units = output.unitText(original.units)
        let word = String((output.name + suffix).map { $0 == "-" || $0 == "." ? "_" : $0 })
        var score = VariableDescription(
          name: "\(original.name)_\(word)",
          standardName: suffix.isEmpty ? output.standardName(of: original.standardName) : nil,
          longName: "\(prefix)\(output.title) of \(title)", units: units)
        if case .variable = output.units, UnitText.isTemperature(units) {
          score.set("units_metadata", .text("temperature: difference"))
        }
        return score
      }
      for output in outputs { result.variables.append(score(output, "", "")) }
      if hasIntervals, !isMap {
        for output in outputs { result.variables.append(score(output, "lower bound of ", "_low")) }
        for output in outputs { result.variables.append(score(output, "upper bound of ", "_high")) }
      }
      result.variables.append(
        VariableDescription(
          name: "\(original.name)_n", standardName: "number_of_observations",
          longName: "values compared of \(title)", units: "1"))
    }
    return result
  }
}

extension MetricOutput {
  /// CF has a name for one measure: `standard_error` (CF 1.11, appendix C) is the uncertainty, systematic and
  /// statistical, that stands for one standard deviation. It has none for the others.
  fileprivate func standardName(of truth: String?) -> String? {
    guard name == "rmse", let truth, StandardNames.read(truth).map({ $0.modifier == nil }) == true else {
      return nil
    }
    return "\(truth) standard_error"
  }
}
