/// Names of variables and dimensions of one output file: letters, digits and underscores (CF 2.3), each once.
struct OutputNames {
  private var taken: Set<String> = []

  /// The name with everything else replaced by `_`.
  static func clean(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_": result.unicodeScalars.append(scalar)
      default: if !result.hasSuffix("_") { result += "_" }
      }
    }
    guard let first = result.unicodeScalars.first else { return "variable" }
    if !("a"..."z" ~= first || "A"..."Z" ~= first) {
      result = "v" + (result.hasPrefix("_") ? "" : "_") + result
    }
    return result
  }

  /// A name of which the file can have several spellings: a number is put behind what is taken.
  mutating func free(_ wanted: String) -> String {
    let name = Self.clean(wanted)
    var candidate = name
    var number = 2
    // CF 2.3: names must differ in more than letter case.
    while taken.contains(candidate.lowercased()) {
      candidate = "\(name)_\(number)"
      number += 1
    }
    taken.insert(candidate.lowercased())
    return candidate
  }
}
