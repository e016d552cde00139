import Stages

/// Scores as a table for people: one row for each method, part and period, one column for each measure; with many
/// measures one row for each of them, and one column for each method. The best of several methods has a `*`.
public enum ScoreTable {
  /// Measures up to which they are columns.
  private static let columnLimit = 8

  public static func text(_ scores: [Score]) -> String {
    var metrics: [String] = []
    struct Row: Hashable { let variable, units, region, period, method: String }
    var rows: [Row] = []
    var cells: [Row: [String: Score]] = [:]
    let units = Dictionary(
      scores.filter { $0.units != "1" }.map { ($0.variable, $0.units) },
      uniquingKeysWith: { first, _ in first })
    for score in scores {
      // Measures without units of their own (correlation) stand beside those of the variable.
      let units = units[score.variable] ?? "1"
      let row = Row(
        variable: score.variable, units: units, region: score.region, period: score.period,
        method: score.method)
      if !metrics.contains(score.metric) { metrics.append(score.metric) }
      if cells[row] == nil { rows.append(row) }
      cells[row, default: [:]][score.metric] = score
    }
    let best = best(scores)
    func text(_ score: Score?) -> String {
      guard let score else { return "- " }
      var text = number(score.value)
      if let interval = score.interval { text += " [\(number(interval.low)), \(number(interval.high))]" }
      return text + (best.contains(score) ? "*" : " ")
    }
    if metrics.count > columnLimit { return tall(scores, text) }
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
    for metric in metrics { columns.append((metric + " ", { text(cells[$0]?[metric]) }, true)) }
    columns.append(("n", { row in cells[row]?.values.first.map { String($0.n) } ?? "" }, true))
    let table = [columns.map(\.title)] + rows.map { row in columns.map { $0.value(row).escapedForDisplay } }
    return layOut(head, table, columns.map(\.isNumber))
  }

  /// Each measure a row, each method a column; the parts one after the other.
  private static func tall(_ scores: [Score], _ text: (Score?) -> String) -> String {
    struct Part: Hashable { let variable, region, period: String }
    var parts: [Part] = []
    var cells: [Part: [Score]] = [:]
    for score in scores {
      let part = Part(variable: score.variable, region: score.region, period: score.period)
      if cells[part] == nil { parts.append(part) }
      cells[part, default: []].append(score)
    }
    return parts.map { part in
      let scores = cells[part] ?? []
      var (methods, metrics): ([String], [String]) = ([], [])
      for score in scores {
        if !methods.contains(score.method) { methods.append(score.method) }
        if !metrics.contains(score.metric) { metrics.append(score.metric) }
      }
      let rows = metrics.map { metric -> [String] in
        let row = scores.filter { $0.metric == metric }
        let units = row.first.map { $0.units == "1" ? "" : " [\($0.units)]" } ?? ""
        return [metric + units] + methods.map { method in text(row.first { $0.method == method }) }
      }
      let head =
        [part.variable] + [part.region, part.period].filter { $0 != "all" } + ["n = \(scores.first?.n ?? 0)"]
      return layOut(
        head, [["measure"] + methods.map { $0 + " " }] + rows.map { $0.map(\.escapedForDisplay) },
        [false] + methods.map { _ in true })
    }.joined(separator: "\n\n")
  }

  /// The scores that no other method surpasses.
  private static func best(_ scores: [Score]) -> Set<Score> {
    struct Row: Hashable { let variable, region, period, metric: String }
    var rows: [Row: [(Score, Double)]] = [:]
    for score in scores where score.value.isFinite {
      guard let loss = score.better.loss(score.value) else { continue }
      let row = Row(
        variable: score.variable, region: score.region, period: score.period, metric: score.metric)
      rows[row, default: []].append((score, loss))
    }
    var best: Set<Score> = []
    for row in rows.values where row.count > 1 {
      let least = row.map(\.1).min() ?? 0
      for (score, loss) in row where loss == least { best.insert(score) }
    }
    return best
  }

  private static func layOut(_ head: [String], _ table: [[String]], _ isNumber: [Bool]) -> String {
    let widths = isNumber.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    let lines = table.map { cells in
      var line = ""
      for (index, cell) in cells.enumerated() {
        let space = String(repeating: " ", count: widths[index] - cell.count)
        line += (index > 0 ? "  " : "") + (isNumber[index] ? space + cell : cell + space)
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
