import Stages

/// Scores as a table for people: one row for each method, part and period, one column for each measure.
public enum ScoreTable {
  public static func text(_ scores: [Score]) -> String {
    var metrics: [String] = []
    struct Row: Hashable { let variable, units, region, period, method: String }
    var rows: [Row] = []
    var cells: [Row: [String: Score]] = [:]
    for score in scores {
      // Measures without units of their own (correlation) stand beside those of the variable.
      let units =
        score.units == "1" ? scores.first { $0.variable == score.variable }?.units ?? "1" : score.units
      let row = Row(
        variable: score.variable, units: units, region: score.region, period: score.period,
        method: score.method)
      if !metrics.contains(score.metric) { metrics.append(score.metric) }
      if cells[row] == nil { rows.append(row) }
      cells[row, default: [:]][score.metric] = score
    }
    func differs(_ value: (Row) -> String) -> Bool { Set(rows.map(value)).count > 1 }
    // What is the same in all rows is said once, above.
    var head: [String] = []
    var columns: [(title: String, value: (Row) -> String, isNumber: Bool)] = []
    let texts: [(String, (Row) -> String)] = [
      ("variable", { $0.units == "1" ? $0.variable : "\($0.variable) [\($0.units)]" }),
      ("region", { $0.region }),
      ("period", { $0.period }),
    ]
    for (title, value) in texts {
      if differs(value) {
        columns.append((title, value, false))
      } else if let row = rows.first, title == "variable" || value(row) != "all" {
        head.append(value(row))
      }
    }
    columns.append(("method", { $0.method }, false))
    for metric in metrics { columns.append((metric, { number(cells[$0]?[metric]?.value) }, true)) }
    columns.append(("n", { row in cells[row]?.values.first.map { String($0.n) } ?? "" }, true))
    let table = [columns.map(\.title)] + rows.map { row in columns.map { $0.value(row).escapedForDisplay } }
    let widths = columns.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    let lines = table.map { cells in
      var line = ""
      for (index, cell) in cells.enumerated() {
        let space = String(repeating: " ", count: widths[index] - cell.count)
        line += (index > 0 ? "  " : "") + (columns[index].isNumber ? space + cell : cell + space)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    let title = head.joined(separator: ", ").escapedForDisplay
    return ((title.isEmpty ? [] : [title]) + lines).joined(separator: "\n")
  }

  /// Four digits that count, at least three after the point for numbers about 1.
  private static func number(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "-" }
    let size = abs(value)
    let digits = size >= 1000 ? 1 : size >= 100 ? 2 : size >= 0.01 || size == 0 ? 3 : 6
    guard size < 1e9, size >= 1e-5 || size == 0 else { return scientific(value) }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    guard let whole = Int(exactly: (size * scale).rounded()) else { return scientific(value) }
    let fraction = String(whole % Int(scale))
    let sign = value < 0 && whole > 0 ? "-" : ""
    return sign + "\(whole / Int(scale))."
      + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  /// Very large and very small numbers: `-9.819e-06`.
  private static func scientific(_ value: Double) -> String {
    var (mantissa, exponent) = (value, 0)
    while abs(mantissa) >= 9.9995 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while abs(mantissa) < 0.99995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    let size = abs(exponent)
    return number(mantissa) + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + "\(size)"
  }
}

extension PipelineRun.Report {
  /// The scores item by item.
  public var tables: [(item: String?, scores: [Score])] {
    var result: [(item: String?, scores: [Score])] = []
    for (item, score) in scores {
      if let last = result.last, last.item == item {
        result[result.count - 1].scores.append(score)
      } else {
        result.append((item, [score]))
      }
    }
    return result
  }
}
