import Basics
import GridFiles

extension ValidationReport {
  /// For people: what is wrong, variable by variable.
  /// - Parameter showsWarnings: false leaves out the recommendations.
  public func text(showsWarnings: Bool = true) -> String {
    var lines: [String] = []
    let shown = showsWarnings ? findings : errors
    for (index, finding) in shown.enumerated() {
      if index == 0 || shown[index - 1].variable != finding.variable {
        if index > 0 { lines.append("") }
        lines.append(finding.variable.map { printable($0) } ?? "(the file)")
      }
      lines += finding.lines
    }
    if !lines.isEmpty { lines.append("") }
    lines.append("\(printable(path)): \(summary)")
    return lines.joined(separator: "\n") + "\n"
  }

  /// `2 errors, 1 warning`.
  public var summary: String {
    func count(_ number: Int, _ word: String) -> String {
      number == 0 ? "no \(word)s" : "\(number) \(word)\(number == 1 ? "" : "s")"
    }
    return count(errors.count, "error") + ", " + count(warnings.count, "warning")
  }

  /// The schema is named in the document: `isotach.validation/1`.
  public var json: String {
    JSONValue.object([
      ("schema", .string("isotach.validation/1")),
      ("path", .string(path)),
      ("conventions", .array(Self.conventions.map(JSONValue.string))),
      ("valid", .boolean(isValid)),
      ("errors", .integer(errors.count)),
      ("warnings", .integer(warnings.count)),
      ("findings", .array(findings.map(\.json))),
    ]).document
  }
}

extension Finding {
  var json: JSONValue {
    .object([
      ("level", .string(level.rawValue)), ("section", .string(section)), ("variable", .text(variable)),
      ("attribute", .text(attribute)), ("text", .string(text)), ("expected", .text(expected)),
      ("found", .text(found)),
    ])
  }

  /// The lines below the variable's name, at most about 100 columns where the text allows.
  var lines: [String] {
    var text = attribute.map { printable($0, limit: 60) + " " } ?? ""
    text += printable(self.text, limit: 300)
    let margin = String(repeating: " ", count: 11)
    var lines = wrap("  \(level == .error ? "error  " : "warning")  \(text)  [\(section)]", margin: margin)
    if let found {
      lines += wrap(margin + "found     " + printable(found, limit: 240), margin: margin + "          ")
    }
    if let expected {
      lines += wrap(margin + "expected  " + printable(expected, limit: 240), margin: margin + "          ")
    }
    return lines
  }
}

/// Breaks a line at blanks so that it fits; the following lines begin with the margin.
func wrap(_ line: String, margin: String, width: Int = 100) -> [String] {
  var lines: [String] = []
  var rest = Substring(line)
  while rest.count > width {
    let end = rest.index(rest.startIndex, offsetBy: width)
    let indent = rest.prefix(while: { $0 == " " }).count
    guard let cut = rest[..<end].lastIndex(of: " "), rest.distance(from: rest.startIndex, to: cut) > indent
    else { break }
    lines.append(String(rest[..<cut]))
    rest = margin + rest[rest.index(after: cut)...].drop(while: { $0 == " " })
  }
  lines.append(String(rest))
  return lines
}
