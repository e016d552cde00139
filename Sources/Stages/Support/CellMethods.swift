import GridFiles
import Grids

/// What a statistic over time makes of a variable's units and attributes (CF 7.3, 7.4 and appendix E).
enum CellMethods {
  private static let words = [
    "mean": "mean", "sum": "sum", "max": "maximum", "min": "minimum", "range": "range",
    "std": "standard_deviation", "var": "variance", "median": "median",
  ]

  static func reduce(
    _ variable: VariableDescription, method: String, percentile: Double?, climatologyOver cycle: String?
  ) -> VariableDescription {
    var result = variable
    let before = variable.cellMethods ?? ""
    if let word = words[method] {
      if let cycle {
        // What was done before over other axes is said in the comment: of a climatology CF 7.4 wants just this form.
        let rest = removingTime(before)
        result.cellMethods =
          "time: \(within(before) ?? word) within \(cycle) time: \(word) over \(cycle)"
          + (rest.isEmpty ? "" : " (after \(rest))")
      } else {
        // Two reductions over time in a row are both said, the earlier first; a mean of means is a mean.
        let repeats = within(before) == word && ["mean", "sum", "maximum", "minimum"].contains(word)
        result.cellMethods = repeats ? before : join(before, "time: \(word)")
      }
    } else {
      // CF has no word for it.
      let rest = removingTime(before)
      result.cellMethods = rest.isEmpty ? nil : rest
    }
    let title = variable.longName ?? variable.standardName ?? variable.name
    switch method {
    case "std", "range":
      result.units = UnitText.difference(variable.units)
      if UnitText.isTemperature(variable.units) {
        result.set("units_metadata", .text("temperature: difference"))
      }
    case "var":
      result.units = UnitText.power(variable.units, 2)
      if UnitText.isTemperature(variable.units) {
        result.set("units_metadata", .text("temperature: difference"))
      }
    case "percentile":
      let p = (percentile ?? 50).plain
      result.longName = "percentile \(p) of \(title)"
      result.set("percentile", .float64([percentile ?? 50]))
    case "count":
      result.standardName = "number_of_observations"
      result.longName = "number of valid values of \(title)"
      result.units = "1"
      result.flags = nil
    default: break
    }
    if method != "max", method != "min", method != "median" { result.flags = nil }
    return result
  }

  /// A mean or an extreme over axes of the grid.
  static func reduce(_ variable: VariableDescription, method: String, over axis: String)
    -> VariableDescription
  {
    var result = variable
    result.cellMethods = join(variable.cellMethods ?? "", "\(axis): \(words[method] ?? "mean")")
    if method == "mean" { result.flags = nil }
    return result
  }

  private static func join(_ a: String, _ b: String) -> String { a.isEmpty ? b : a + " " + b }

  /// The method that the text has for time alone, when it has just one word for it: `time: mean` -> mean.
  static func within(_ text: String) -> String? {
    let words = text.split(separator: " ").map(String.init)
    guard let index = words.lastIndex(of: "time:"), index + 1 < words.count else { return nil }
    if index + 2 < words.count, ["within", "over", "where"].contains(words[index + 2]) { return nil }
    return words[index + 1]
  }

  /// The text without its entries for time.
  static func removingTime(_ text: String) -> String {
    var kept: [String] = []
    var isTime = false
    let words = text.split(separator: " ").map(String.init)
    var depth = 0
    var previousIsName = false
    for word in words {
      if depth == 0, word.hasSuffix(":"), !word.hasPrefix("(") {
        // `time: lat: mean` speaks of both: the name of time alone goes.
        if previousIsName, isTime { isTime = word == "time:" } else { isTime = word == "time:" }
        previousIsName = true
      } else {
        previousIsName = false
      }
      if !isTime { kept.append(word) }
      depth += word.filter { $0 == "(" }.count - word.filter { $0 == ")" }.count
    }
    return kept.joined(separator: " ")
  }
}
