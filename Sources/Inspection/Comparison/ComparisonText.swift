import Basics
import GridFiles

extension ComparisonReport {
  /// For people: what differs. Variables that are the same are counted at the end.
  public var text: String {
    var lines: [String] = []
    if !differences.isEmpty {
      lines.append("(the files)")
      lines += differences.flatMap(\.lines)
    }
    for variable in variables where !variable.isSame || variable.values?.maximumAbsolute ?? 0 > 0 {
      if !lines.isEmpty { lines.append("") }
      lines.append(variable.title + (variable.isSame ? ": within the tolerance" : ""))
      lines += variable.differences.flatMap(\.lines)
      if let reason = variable.reason {
        lines.append("  values not compared: " + printable(reason, limit: 200))
      }
      if let values = variable.values, !values.isSame || values.maximumAbsolute ?? 0 > 0 {
        lines += values.lines
      }
    }
    let same = variables.filter(\.isSame).count
    if !lines.isEmpty { lines.append("") }
    let verdict = isSame ? "the same" : "different"
    lines.append(
      "\(printable(first)) and \(printable(second)) are \(verdict): "
        + "\(same) of \(variables.count) variable\(variables.count == 1 ? "" : "s") the same")
    return lines.joined(separator: "\n") + "\n"
  }

  /// The schema is named in the document: `isotach.comparison/1`.
  public var json: String {
    JSONValue.object([
      ("schema", .string("isotach.comparison/1")), ("first", .string(first)), ("second", .string(second)),
      ("same", .boolean(isSame)), ("differences", .array(differences.map(\.json))),
      ("variables", .array(variables.map(\.json))),
    ]).document
  }
}

extension Difference {
  fileprivate var lines: [String] {
    [
      "  " + printable(what, limit: 80),
      "      first   " + (first.map { printable($0, limit: 160) } ?? "(not there)"),
      "      second  " + (second.map { printable($0, limit: 160) } ?? "(not there)"),
    ]
  }

  fileprivate var json: JSONValue {
    .object([("what", .string(what)), ("first", .text(first)), ("second", .text(second))])
  }
}

extension VariableComparison {
  fileprivate var title: String {
    printable(path.dropFirst().contains("/") ? path : String(path.dropFirst()))
  }

  fileprivate var json: JSONValue {
    var entries: [(String, JSONValue)] = [
      ("path", .string(path)), ("same", .boolean(isSame)), ("differences", .array(differences.map(\.json))),
      ("notCompared", .text(reason)),
    ]
    if let values {
      entries.append(
        (
          "values",
          .object([
            ("count", .integer(values.count)), ("compared", .integer(values.compared)),
            ("differing", .integer(values.differing)), ("missingInFirst", .integer(values.missingInFirst)),
            ("missingInSecond", .integer(values.missingInSecond)),
            ("maximumAbsolute", .real(values.maximumAbsolute)),
            ("maximumRelative", .real(values.maximumRelative)),
            ("rootMeanSquare", .real(values.rootMeanSquare)),
            (
              "worst",
              values.worst.map {
                .object([
                  ("index", .array($0.index.map { .integer($0) })), ("first", .string($0.first)),
                  ("second", .string($0.second)),
                ])
              } ?? .null
            ),
          ])
        ))
    }
    return .object(entries)
  }
}

extension ValueComparison {
  fileprivate var lines: [String] {
    var lines = ["  values"]
    lines.append(
      "      differ   \(percent(differing, of: count)) of \(count)" + (differing > 0 ? " (\(differing))" : "")
    )
    if missingInFirst + missingInSecond > 0 {
      lines.append(
        "      missing  \(missingInFirst) only in the first, \(missingInSecond) only in the second")
    }
    if let absolute = maximumAbsolute, let relative = maximumRelative, let rms = rootMeanSquare, absolute > 0
    {
      lines.append(
        "      largest  \(short(absolute)) absolute, \(short(relative)) relative; RMS \(short(rms))")
    }
    if let worst {
      lines.append(
        "      \(maximumAbsolute == nil ? "first at" : "worst at") [\(worst.index.map(String.init).joined(separator: ", "))]: "
          + "\(printable(worst.first, limit: 60)) and \(printable(worst.second, limit: 60))")
    }
    return lines
  }
}
