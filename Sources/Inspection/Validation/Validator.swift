import Basics
import GridFiles
import Grids

/// Checks a file against CF 1.11 and the recommendations of ACDD 1.3.
///
/// What the header says is checked first; then the values of coordinates and of their bounds, which are read
/// in parts of bounded size. Data variables are not read.
public enum Validator {
  /// - Throws: `FileError` when the values of a coordinate cannot be read.
  public static func validate(_ file: SourceFile) async throws(FileError) -> ValidationReport {
    var checker = Checker(file.header)
    checker.checkHeader()
    try await checker.checkValues(of: file)
    return ValidationReport(path: file.header.path, findings: checker.sorted)
  }

  /// The checks that need no values.
  public static func validate(header: FileHeader) -> ValidationReport {
    var checker = Checker(header)
    checker.checkHeader()
    return ValidationReport(path: header.path, findings: checker.sorted)
  }
}

/// The findings as they come, and what the checks ask all the time. Each check is in the file of its chapter.
struct Checker {
  let view: FileView
  private(set) var findings: [Finding] = []
  /// Every broken reference is told once.
  private var told: Set<Finding> = []
  /// Names for which near ones were looked up.
  var searches = 0
  /// So that a hostile file cannot ask for a report of any size.
  static let limit = 5000

  init(_ header: FileHeader) { view = FileView(header) }

  mutating func checkHeader() {
    checkGlobals()
    checkNames()
    checkTypes()
    checkDescriptions()
    checkUnits()
    checkMissing()
    checkPacking()
    checkFlags()
    checkCoordinates()
    checkTime()
    checkVertical()
    checkGridMappings()
    checkBounds()
    checkCellMeasures()
    checkCellMethods()
    checkDiscovery()
  }

  /// In the order of the file: the file itself, then variable by variable, errors first.
  var sorted: [Finding] {
    let order = Dictionary(
      view.variables.enumerated().map { (Self.name($1), $0) }, uniquingKeysWith: { first, _ in first })
    func key(_ finding: Finding) -> Int { finding.variable.flatMap { order[$0] } ?? -1 }
    return findings.enumerated()
      .sorted {
        (key($0.element), $0.element.level == .error ? 0 : 1, $0.offset)
          < (key($1.element), $1.element.level == .error ? 0 : 1, $1.offset)
      }
      .map(\.element)
  }

  mutating func error(
    _ section: String, _ variable: Variable?, _ attribute: String? = nil, _ text: String,
    expected: String? = nil, found: String? = nil
  ) {
    add(.error, section, variable, attribute, text, expected, found)
  }

  mutating func warning(
    _ section: String, _ variable: Variable?, _ attribute: String? = nil, _ text: String,
    expected: String? = nil, found: String? = nil
  ) {
    add(.warning, section, variable, attribute, text, expected, found)
  }

  private mutating func add(
    _ level: Finding.Level, _ section: String, _ variable: Variable?, _ attribute: String?, _ text: String,
    _ expected: String?, _ found: String?
  ) {
    guard findings.count < Self.limit else { return }
    let finding = Finding(
      level: level, section: section.contains(" ") ? section : "CF " + section,
      variable: variable.map(Self.name), attribute: attribute, text: text, expected: expected,
      found: found.map { $0.count > 200 ? $0.prefix(200) + "..." : $0 })
    if told.insert(finding).inserted { findings.append(finding) }
  }

  /// The path as people write it: without the `/` of the root group.
  static func name(_ variable: Variable) -> String {
    FileView.groupPath(variable.path) == "/" ? variable.name : variable.path
  }

  /// The text of an attribute that must be text; anything else is told and gives nil.
  mutating func requiredText(_ variable: Variable, _ name: String, _ section: String) -> String? {
    guard let attribute = variable.attributes[name] else { return nil }
    guard let text = attribute.text else {
      error(
        section, variable, name, "is not a text", expected: "a text",
        found: attribute.elementType.name)
      return nil
    }
    return text
  }
}

extension Attribute {
  /// The value as it would be written in a report.
  var shown: String {
    switch value {
    case .text(let text): "\"\(text)\""
    case .strings(let strings): strings.map { "\"\($0)\"" }.joined(separator: ", ")
    case .int8(let v): Self.list(v)
    case .uint8(let v): Self.list(v)
    case .int16(let v): Self.list(v)
    case .uint16(let v): Self.list(v)
    case .int32(let v): Self.list(v)
    case .uint32(let v): Self.list(v)
    case .int64(let v): Self.list(v)
    case .uint64(let v): Self.list(v)
    case .float32(let v): Self.list(v)
    case .float64(let v): Self.list(v)
    case .unsupported(let what): what
    }
  }

  private static func list<Number>(_ numbers: [Number]) -> String {
    numbers.prefix(12).map { "\($0)" }.joined(separator: ", ") + (numbers.count > 12 ? ", ..." : "")
  }

  /// The number of values, 1 for a text.
  var count: Int {
    switch value {
    case .text, .unsupported: 1
    case .strings(let strings): strings.count
    default: numbers.count
    }
  }
}
