import Basics
import GridFiles

/// What may differ between two files that are called the same.
public struct ComparisonOptions: Sendable {
  /// Two values are the same when `|a - b| <= absolute + relative * max(|a|, |b|)`.
  public var absolute = 0.0
  public var relative = 0.0
  /// Only these variables (names or paths); empty: all, and the attributes of the files too.
  public var variables: [String] = []
  /// Attributes that are not compared; `*` stands for all.
  public var ignoredAttributes: Set<String> = []
  public init() {}

  func ignores(_ attribute: String) -> Bool {
    ignoredAttributes.contains("*") || ignoredAttributes.contains(attribute)
  }
}

/// How two files differ.
public struct ComparisonReport: Sendable {
  public let first: String
  public let second: String
  /// Differences of groups, dimensions and global attributes.
  public let differences: [Difference]
  /// Every variable of either file, in the order of the first.
  public let variables: [VariableComparison]
  /// True when nothing differs by more than the tolerance.
  public var isSame: Bool { differences.isEmpty && variables.allSatisfy(\.isSame) }
}

/// One thing that is not the same in the headers: nil where it is not there.
public struct Difference: Sendable, Hashable {
  /// `attribute title`, `dimension lat`, `type`, ...
  public let what: String
  public let first: String?
  public let second: String?
}

public struct VariableComparison: Sendable {
  public let path: String
  public internal(set) var differences: [Difference] = []
  /// Nil when the values were not compared.
  public internal(set) var values: ValueComparison?
  /// Why the values were not compared, although the variable is in both files.
  public internal(set) var reason: String?

  public var isSame: Bool { differences.isEmpty && reason == nil && values?.isSame ?? true }
}

/// The values of a variable in two files; missing in both is the same.
public struct ValueComparison: Sendable, Hashable {
  public internal(set) var count = 0
  /// Cells whose values differ by more than the tolerance, those below among them.
  public internal(set) var differing = 0
  /// Cells that are missing in one file only.
  public internal(set) var missingInFirst = 0
  public internal(set) var missingInSecond = 0
  /// Cells that have values in both.
  public internal(set) var compared = 0
  /// The largest `|a - b|`, 0 when none differs at all; nil for texts and bytes.
  public internal(set) var maximumAbsolute: Double? = 0
  /// The largest `|a - b| / max(|a|, |b|)`.
  public internal(set) var maximumRelative: Double? = 0
  /// Root of the mean square of `a - b` over the cells that have values in both.
  public internal(set) var rootMeanSquare: Double? = 0
  /// The worst cell: the one of the largest `|a - b|`, or the first that differs where there is no number.
  public internal(set) var worst: Worst?

  public struct Worst: Sendable, Hashable {
    public let index: [Int]
    public let first: String
    public let second: String
  }

  public var isSame: Bool { differing == 0 }
}

public enum Comparer {
  /// Compares headers, then the values of all variables part by part.
  /// - Throws: `FileError` when a file cannot be read.
  public static func compare(_ a: SourceFile, _ b: SourceFile, _ options: ComparisonOptions = .init())
    async throws(FileError) -> ComparisonReport
  {
    var differences: [Difference] = []
    if options.variables.isEmpty { compare(groups: a.header.root, b.header.root, options, &differences) }
    func isWanted(_ variable: Variable) -> Bool {
      options.variables.isEmpty || options.variables.contains { $0 == variable.name || $0 == variable.path }
    }
    let first = a.header.allVariables.filter(isWanted)
    let second = b.header.allVariables.filter(isWanted)
    for name in options.variables
    where !(first + second).contains(where: { $0.name == name || $0.path == name }) {
      throw FileError(
        .damaged, path: a.header.path, subject: name, "neither file has a variable of that name")
    }
    var variables: [VariableComparison] = []
    for variable in first {
      var comparison = VariableComparison(path: variable.path)
      guard let other = second.first(where: { $0.path == variable.path }) else {
        comparison.differences = [Difference(what: "variable", first: variable.declaration, second: nil)]
        variables.append(comparison)
        continue
      }
      try await compare(a, variable, b, other, options, &comparison)
      variables.append(comparison)
    }
    for variable in second where !first.contains(where: { $0.path == variable.path }) {
      var comparison = VariableComparison(path: variable.path)
      comparison.differences = [Difference(what: "variable", first: nil, second: variable.declaration)]
      variables.append(comparison)
    }
    return ComparisonReport(
      first: a.header.path, second: b.header.path, differences: differences, variables: variables)
  }

  private static func compare(
    groups a: Group, _ b: Group, _ options: ComparisonOptions, _ differences: inout [Difference]
  ) {
    let place = a.path == "/" ? "" : " of \(a.path)"
    differences += attributes(a.attributes, b.attributes, options, place)
    for dimension in a.dimensions {
      let other = b.dimensions.first { $0.name == dimension.name }
      if other?.length != dimension.length || other?.isUnlimited != dimension.isUnlimited {
        differences.append(
          Difference(what: "dimension \(dimension.name)\(place)", first: dimension.text, second: other?.text))
      }
    }
    for dimension in b.dimensions where !a.dimensions.contains(where: { $0.name == dimension.name }) {
      differences.append(
        Difference(what: "dimension \(dimension.name)\(place)", first: nil, second: dimension.text))
    }
    for group in a.groups {
      if let other = b.groups.first(where: { $0.name == group.name }) {
        compare(groups: group, other, options, &differences)
      } else {
        differences.append(Difference(what: "group \(group.path)", first: "there", second: nil))
      }
    }
    for group in b.groups where !a.groups.contains(where: { $0.name == group.name }) {
      differences.append(Difference(what: "group \(group.path)", first: nil, second: "there"))
    }
  }

  static func attributes(
    _ a: [Attribute], _ b: [Attribute], _ options: ComparisonOptions, _ place: String = ""
  ) -> [Difference] {
    var differences: [Difference] = []
    for attribute in a where !options.ignores(attribute.name) {
      let other = b[attribute.name]
      // By their text: NaN is NaN, and every number is written in full.
      if let other, other.elementType.comparable == attribute.elementType.comparable,
        other.full == attribute.full
      {
        continue
      }
      differences.append(
        Difference(what: "attribute \(attribute.name)\(place)", first: attribute.typed, second: other?.typed))
    }
    for attribute in b where !options.ignores(attribute.name) && a[attribute.name] == nil {
      differences.append(
        Difference(what: "attribute \(attribute.name)\(place)", first: nil, second: attribute.typed))
    }
    return differences
  }

  private static func compare(
    _ a: SourceFile, _ variable: Variable, _ b: SourceFile, _ other: Variable, _ options: ComparisonOptions,
    _ comparison: inout VariableComparison
  ) async throws(FileError) {
    if variable.type.comparable != other.type.comparable {
      comparison.differences.append(
        Difference(what: "type", first: variable.type.name, second: other.type.name))
    }
    let names = variable.dimensions.map(\.name)
    if names != other.dimensions.map(\.name) {
      comparison.differences.append(
        Difference(
          what: "dimensions", first: names.joined(separator: ", "),
          second: other.dimensions.map(\.name).joined(separator: ", ")))
    }
    comparison.differences += attributes(variable.attributes, other.attributes, options)
    guard variable.extents == other.extents else {
      comparison.differences.append(
        Difference(what: "shape", first: variable.shapeText, second: other.shapeText))
      return
    }
    do {
      if variable.type.isNumeric, other.type.isNumeric {
        comparison.values = try await NumberComparison(variable, other, options).run(a, b)
      } else if variable.type.isText, other.type.isText {
        comparison.values = try await compareTexts(a, variable, b, other)
      } else {
        comparison.values = try await compareBytes(a, variable, b, other)
      }
    } catch {
      guard error.kind == .unsupported else { throw error }
      comparison.reason = error.cause
    }
  }

  private static func compareTexts(_ a: SourceFile, _ variable: Variable, _ b: SourceFile, _ other: Variable)
    async throws(FileError) -> ValueComparison
  {
    let first = try await a.readStrings(variable)
    let second = try await b.readStrings(other)
    var result = ValueComparison()
    (result.maximumAbsolute, result.maximumRelative, result.rootMeanSquare) = (nil, nil, nil)
    result.count = max(first.count, second.count)
    result.compared = min(first.count, second.count)
    result.differing = result.count - result.compared
    // Of characters the last dimension is the text.
    let extents = variable.type == .char ? Array(variable.extents.dropLast()) : variable.extents
    for (index, pair) in zip(first, second).enumerated() where pair.0 != pair.1 {
      result.differing += 1
      if result.worst == nil {
        result.worst = .init(
          index: unravel(index, extents), first: "\"\(pair.0)\"", second: "\"\(pair.1)\"")
      }
    }
    return result
  }

  private static func compareBytes(_ a: SourceFile, _ variable: Variable, _ b: SourceFile, _ other: Variable)
    async throws(FileError) -> ValueComparison
  {
    var result = ValueComparison()
    (result.maximumAbsolute, result.maximumRelative, result.rootMeanSquare) = (nil, nil, nil)
    for slab in SlabWalk(variable, limit: 1 << 16) {
      let first = try await a.readBytes(variable, slab)
      let second = try await b.readBytes(other, slab)
      let size = max(1, variable.type.size ?? 1)
      result.count += slab.elementCount
      result.compared += slab.elementCount
      guard first != second else { continue }
      guard first.count == second.count, first.count == slab.elementCount * size else {
        result.differing += slab.elementCount
        continue
      }
      for element in 0..<slab.elementCount {
        let range = element * size..<(element + 1) * size
        guard first[range] != second[range] else { continue }
        result.differing += 1
        if result.worst == nil {
          let inside = unravel(element, slab.count)
          result.worst = .init(
            index: zip(slab.start, inside).map { $0 + $1 }, first: hexadecimal(first[range]),
            second: hexadecimal(second[range]))
        }
      }
    }
    return result
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.prefix(32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      + (bytes.count > 32 ? "..." : "")
  }

  /// The index of an element in row-major order.
  static func unravel(_ index: Int, _ extents: [Int]) -> [Int] {
    var rest = index
    var result = extents
    for axis in extents.indices.reversed() {
      result[axis] = rest % max(1, extents[axis])
      rest /= max(1, extents[axis])
    }
    return result
  }
}

extension Dimension {
  fileprivate var text: String { "\(length)" + (isUnlimited ? " (unlimited)" : "") }
}

extension Variable {
  fileprivate var shapeText: String {
    extents.isEmpty ? "scalar" : extents.map(String.init).joined(separator: " x ")
  }
  fileprivate var declaration: String {
    "\(type.name) \(name)(\(dimensions.map(\.name).joined(separator: ", ")))"
  }
}

extension ElementType {
  /// The ways to store text are alike.
  fileprivate var comparable: ElementType {
    switch self {
    case .char, .fixedString: .string
    default: self
    }
  }
}

extension Attribute {
  /// All of the value, in full.
  fileprivate var full: String {
    switch value {
    case .text(let text): "\"\(text)\""
    case .strings(let strings): strings.map { "\"\($0)\"" }.joined(separator: ", ")
    case .float32(let v): "\(v)"
    case .float64(let v): "\(v)"
    case .int64(let v): "\(v)"
    case .uint64(let v): "\(v)"
    case .unsupported(let what): what
    default: "\(numbers)"
    }
  }

  fileprivate var typed: String {
    switch value {
    case .text, .strings, .unsupported: shown
    default: "\(shown) (\(elementType.name))"
    }
  }
}
