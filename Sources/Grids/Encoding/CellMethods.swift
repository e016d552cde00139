/// `cell_methods` for an output: names of dimensions and coordinates that are in the file, methods of CF
/// appendix E, intervals in units.
struct CellMethods {
  /// The text that may be written; nil when nothing is left.
  let text: String?
  /// False when a part had to be given up.
  let isWhole: Bool

  private static let methods: Set<String> = [
    "point", "sum", "maximum", "maximum_absolute_value", "median", "mid_range", "minimum",
    "minimum_absolute_value", "mean", "mean_absolute_value", "mean_of_upper_decile", "mode", "range",
    "root_mean_square", "standard_deviation", "sum_of_squares", "variance",
  ]

  /// - Parameter names: what axes are called in the description or by their standard name -> in the file.
  init(_ text: String, names: [String: String]) {
    var clauses: [String] = []
    var isWhole = true
    for clause in Self.clauses(text) {
      let axes = clause.axes.map { names[$0] ?? ($0 == "area" ? "area" : nil) }
      guard axes.allSatisfy({ $0 != nil }), !axes.isEmpty, let method = clause.words.first,
        Self.methods.contains(method.lowercased())
      else {
        isWhole = false
        continue
      }
      var result = axes.compactMap { $0.map { $0 + ":" } }.joined(separator: " ") + " "
      result += clause.words.joined(separator: " ")
      if let comment = clause.comment {
        if Self.isAllowed(comment) { result += " (\(comment))" } else { isWhole = false }
      }
      clauses.append(result)
    }
    self.text = clauses.isEmpty ? nil : clauses.joined(separator: " ")
    self.isWhole = isWhole
  }

  private struct Clause {
    var axes: [String] = []
    var words: [String] = []
    var comment: String?
  }

  private static func clauses(_ text: String) -> [Clause] {
    var clauses: [Clause] = []
    var current = Clause()
    var rest = Substring(text)
    while true {
      rest = rest.drop(while: \.isWhitespace)
      guard let first = rest.first else { break }
      if first == "(" {
        let inside = rest.dropFirst().prefix(while: { $0 != ")" })
        current.comment = inside.trimmed
        rest = rest.dropFirst(inside.count + 1).dropFirst()
        continue
      }
      let word = rest.prefix(while: { !$0.isWhitespace && $0 != "(" })
      rest = rest.dropFirst(word.count)
      if word.hasSuffix(":") {
        if !current.words.isEmpty {
          clauses.append(current)
          current = Clause()
        }
        current.axes.append(String(word.dropLast()))
      } else {
        current.words.append(String(word))
      }
    }
    if !current.axes.isEmpty || !current.words.isEmpty { clauses.append(current) }
    return clauses
  }

  /// `interval: 1 hour comment: ...` with a number and a unit, or text without colons.
  private static func isAllowed(_ comment: String) -> Bool {
    guard comment.contains(":") else { return !comment.isEmpty }
    let words = comment.split(separator: " ").map(String.init)
    var index = 0
    while index < words.count {
      if words[index] == "interval:" {
        guard index + 2 < words.count, Double(words[index + 1]) != nil, Units.isValid(words[index + 2]) else {
          return false
        }
        index += 3
      } else {
        return words[index] == "comment:" && !words[(index + 1)...].contains { $0.hasSuffix(":") }
      }
    }
    return true
  }
}
