import Basics
import Compute
import Tensors

/// One number for every spatial dimension, or one for each: `3`, `[9, 1]`.
public struct Sizes: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
  CustomStringConvertible
{
  /// One number, which holds for every dimension, or as many as there are.
  public let numbers: [Int]

  public init(_ number: Int) { numbers = [number] }
  public init(_ numbers: [Int]) { self.numbers = numbers }
  public init(integerLiteral value: Int) { numbers = [value] }
  public init(arrayLiteral elements: Int...) { numbers = elements }

  public var description: String { numbers.map(String.init).joined(separator: "x") }

  /// What YAML has for it.
  var configuration: ConfigValue {
    numbers.count == 1 ? .integer(numbers[0]) : .list(numbers.map { .integer($0) })
  }

  static let kind = Key.Kind.either([.integer, .list(.integer)])

  /// - Throws: when a number is below `minimum` or beyond what a size can be.
  init(_ arguments: Arguments, _ key: String, minimum: Int = 1) throws(PlanError) {
    let numbers = arguments.list(key)?.compactMap(\.integer) ?? []
    guard !numbers.isEmpty, numbers.count <= 6 else {
      throw PlanError("`\(key)` must have 1 number, or one for each dimension", at: arguments.mark(key))
    }
    if let wrong = numbers.first(where: { $0 < minimum || $0 > Self.largest }) {
      throw PlanError("`\(key)` must be \(minimum) or more, found \(wrong)", at: arguments.mark(key))
    }
    self.numbers = numbers
  }

  static func optional(_ arguments: Arguments, _ key: String, minimum: Int = 1) throws(PlanError) -> Sizes? {
    arguments.value(key) == nil ? nil : try Sizes(arguments, key, minimum: minimum)
  }

  /// Beyond it nothing is a kernel or a stride; it keeps products from overflowing.
  static let largest = 1 << 20

  /// One for each of `rank` spatial dimensions.
  func expanded(_ rank: Int, _ what: String, _ input: Value, in network: NetworkBuilder) throws(GraphError)
    -> [Int]
  {
    if numbers.count == 1 { return [Int](repeating: numbers[0], count: rank) }
    guard numbers.count == rank else {
      throw network.error(
        "the \(what) \(self) has \(numbers.count) numbers, but the input has \(rank) spatial dimensions",
        input)
    }
    return numbers
  }
}

/// What stands around the input of a convolution.
public enum Padding: Sendable, Hashable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
  /// As much as keeps the size at stride 1, (f - 1) / 2 on each side (half); of an even kernel one more behind.
  case same
  /// Nothing: only where the kernel lies inside (narrow).
  case valid
  /// Wherever the kernel touches the input (wide).
  case full
  /// One number for all sides, one for each dimension, or all in front of each dimension, then all behind.
  case cells([Int])

  public init(integerLiteral value: Int) { self = .cells([value]) }
  public init(arrayLiteral elements: Int...) { self = .cells(elements) }

  static let kind = Key.Kind.either([.choice(["same", "valid", "full"]), .integer, .list(.integer)])

  init(_ arguments: Arguments, _ key: String, default standard: Padding) throws(PlanError) {
    switch arguments.text(key) {
    case nil where arguments.value(key) == nil: self = standard
    case "same": self = .same
    case "valid": self = .valid
    case "full": self = .full
    default: self = .cells(try Sizes(arguments, key, minimum: 0).numbers)
    }
  }

  var configuration: ConfigValue {
    switch self {
    case .same: .text("same")
    case .valid: .text("valid")
    case .full: .text("full")
    case .cells(let numbers): Sizes(numbers).configuration
    }
  }

  /// Cells in front of and behind each dimension.
  /// - Parameter reach: the cells that the kernel spans, dilation included.
  func sides(_ reach: [Int], _ input: Value, in network: NetworkBuilder) throws(GraphError)
    -> (before: [Int], after: [Int])
  {
    switch self {
    case .same: return (reach.map { ($0 - 1) / 2 }, reach.map { $0 / 2 })
    case .valid: return (reach.map { _ in 0 }, reach.map { _ in 0 })
    case .full: return (reach.map { $0 - 1 }, reach.map { $0 - 1 })
    case .cells(let numbers):
      let rank = reach.count
      if numbers.count == 1 { return (reach.map { _ in numbers[0] }, reach.map { _ in numbers[0] }) }
      if numbers.count == rank { return (numbers, numbers) }
      guard numbers.count == 2 * rank else {
        throw network.error(
          "the padding has \(numbers.count) numbers; \(rank) spatial dimensions need 1 (all sides), "
            + "\(rank) (each dimension) or \(2 * rank) (in front of each, then behind each)", input)
      }
      return (Array(numbers[..<rank]), Array(numbers[rank...]))
    }
  }
}

/// What the cells of the padding hold.
public enum PaddingMode: Sendable, Hashable {
  /// As the domain goes on: periodic columns on a global grid, zeros when nothing is known.
  case domain
  case zero, replicate, reflect, periodic
  /// One for each spatial dimension.
  case each([DomainPadding.Mode])

  private static let names = ["domain"] + DomainPadding.Mode.allCases.map(\.rawValue)
  static let kind = Key.Kind.either([
    .choice(names), .list(.choice(DomainPadding.Mode.allCases.map(\.rawValue))),
  ])
  static let key = Key(
    "padding-mode", kind, default: "domain",
    "what the padding holds: as the domain goes on, or one mode, or one for each dimension")

  init(_ arguments: Arguments) {
    switch arguments.value("padding-mode")?.content {
    case .sequence(let modes)?:
      self = .each(modes.compactMap { $0.text.flatMap(DomainPadding.Mode.init(rawValue:)) })
    case .scalar(let name, _)?:
      switch name {
      case "zero": self = .zero
      case "replicate": self = .replicate
      case "reflect": self = .reflect
      case "periodic": self = .periodic
      default: self = .domain
      }
    default: self = .domain
    }
  }

  /// Nil for the default.
  var configuration: ConfigValue? {
    switch self {
    case .domain: nil
    case .zero: .text("zero")
    case .replicate: .text("replicate")
    case .reflect: .text("reflect")
    case .periodic: .text("periodic")
    case .each(let modes): .list(modes.map { .text($0.rawValue) })
    }
  }

  /// One for each of `rank` spatial dimensions. A domain has rows and columns; in time and height it ends.
  func expanded(_ rank: Int, _ input: Value, in network: NetworkBuilder) throws(GraphError)
    -> [DomainPadding.Mode]
  {
    func all(_ mode: DomainPadding.Mode) -> [DomainPadding.Mode] { .init(repeating: mode, count: rank) }
    switch self {
    case .domain:
      return (0..<rank).map { dimension in
        switch rank - dimension {
        case 1: network.domain.columns
        case 2: network.domain.rows
        default: .zero
        }
      }
    case .zero: return all(.zero)
    case .replicate: return all(.replicate)
    case .reflect: return all(.reflect)
    case .periodic: return all(.periodic)
    case .each(let modes):
      guard modes.count == rank else {
        throw network.error(
          "there are \(modes.count) padding modes, but the input has \(rank) spatial dimensions", input)
      }
      return modes
    }
  }
}

extension DomainPadding.Mode {
  var pad: Compute.Pad.Mode {
    switch self {
    case .zero: .constant
    case .replicate: .replicate
    case .reflect: .reflect
    case .periodic: .periodic
    }
  }
}

extension NetworkBuilder {
  /// The number of spatial dimensions of [batch, channels, space...].
  /// - Throws: when there are fewer than 1 or more than 3.
  func spatialRank(_ input: Value, _ what: String) throws(GraphError) -> Int {
    let rank = shape(input).rank - 2
    guard (1...3).contains(rank) else {
      throw error("\(what) needs an input [batch, channels, 1 to 3 spatial dimensions]", input)
    }
    return rank
  }

  func channels(_ input: Value) -> Int { shape(input).rank > 1 ? shape(input).extents[1] : 0 }

  /// The channels of the input of a convolution.
  /// - Throws: when they and the filters cannot both be divided into groups.
  func channels(_ input: Value, of filters: Int, inGroups groups: Int) throws(GraphError) -> Int {
    let channels = channels(input)
    guard channels > 0, filters > 0, groups > 0, channels % groups == 0, filters % groups == 0 else {
      throw error(
        "\(channels) input channels and \(filters) filters cannot both be divided into \(groups) groups",
        input)
    }
    return channels
  }

  /// Puts cells around the dimensions whose padding is not zeros, by their modes.
  /// - Returns: the input with those cells, and the zeros that are left for the operator itself.
  mutating func padded(
    _ input: Value, before: [Int], after: [Int], _ modes: [DomainPadding.Mode]
  ) throws(GraphError) -> (value: Value, before: [Int], after: [Int]) {
    let own = modes.indices.filter { modes[$0] != .zero && (before[$0] > 0 || after[$0] > 0) }
    guard !own.isEmpty else { return (input, before, after) }
    var axes: [Compute.Pad.Axis] = [.none, .none]
    var (restBefore, restAfter) = (before, after)
    for dimension in modes.indices {
      guard own.contains(dimension) else {
        axes.append(.none)
        continue
      }
      axes.append(.init(before[dimension], after[dimension], modes[dimension].pad))
      (restBefore[dimension], restAfter[dimension]) = (0, 0)
    }
    return (try graph.one(Compute.Pad(axes), input), restBefore, restAfter)
  }

  /// Takes cells away at the ends of the spatial dimensions.
  mutating func cropped(_ input: Value, before: [Int], after: [Int]) throws(GraphError) -> Value {
    guard before.contains(where: { $0 != 0 }) || after.contains(where: { $0 != 0 }) else { return input }
    let extents = shape(input).extents
    return try graph.one(
      Compute.Slice(
        axes: before.indices.map { $0 + 2 }, starts: before,
        ends: after.indices.map { extents[$0 + 2] - after[$0] }), input)
  }
}
