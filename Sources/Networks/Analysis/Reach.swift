import Compute
import Tensors

/// What part of the input of a graph its output depends on, along each spatial dimension, found by going from the
/// output back through all operators: never by a formula for a kind of network.
///
/// Dimensions are counted from the end: 1 is the columns, 2 the rows, 3 height or time.
public struct Reach: Sendable {
  public let graph: Graph
  public let input: Value
  public let output: Value
  private let order: [Int]
  private let depends: Set<Value>

  public init(_ graph: Graph, from input: Value, to output: Value) {
    (self.graph, self.input, self.output) = (graph, input, output)
    order = graph.nodes(for: [output])
    var depends: Set<Value> = [input]
    for node in order where graph.nodes[node].call.inputs.contains(where: depends.contains) {
      depends.formUnion(graph.nodes[node].call.outputs)
    }
    self.depends = depends
  }

  /// The elements of the input that the elements `range` of the output depend on along a dimension. Beyond the
  /// border they stand for what the padding holds.
  /// - Returns: nil when the output depends on the whole input; an empty range when on nothing.
  public func inputRange(of range: Range<Int>, dimension: Int) -> Range<Int>? {
    guard depends.contains(output) else { return 0..<0 }
    var ranges: [Value: Range<Int>] = [output: range]
    for index in order.reversed() {
      let node = graph.nodes[index]
      let wanted = node.call.outputs.compactMap { ranges[$0] }
      guard let range = wanted.reduce(nil, { Self.union($0, $1) }) else { continue }
      let inputs = node.call.inputs.map(graph.shape)
      let outputs = node.call.outputs.map(graph.shape)
      for (position, value) in node.call.inputs.enumerated() where depends.contains(value) {
        guard let own = Self.range(of: range, node.op, position, dimension, inputs, outputs) else {
          return nil
        }
        guard !own.isEmpty else { continue }
        ranges[value] = Self.union(ranges[value], own)
      }
    }
    return ranges[input] ?? 0..<0
  }

  private static func union(_ a: Range<Int>?, _ b: Range<Int>) -> Range<Int> {
    guard let a, !a.isEmpty else { return b }
    return b.isEmpty ? a : min(a.lowerBound, b.lowerBound)..<max(a.upperBound, b.upperBound)
  }

  private static func range(
    of range: Range<Int>, _ op: any Operator, _ position: Int, _ dimension: Int, _ inputs: [Shape],
    _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let result = outputs.first, dimension <= result.rank, dimension <= inputs[position].rank else {
      return nil
    }
    return op.inputRange(
      of: range, dimension: result.rank - dimension, input: position, inputs, outputs)
  }

  /// Cells of the output for each cell of the input along a dimension: 1/4, 2.
  /// - Returns: nil when the output depends on the whole input.
  public func scale(dimension: Int) -> Ratio? { graph.scales(dimension: dimension)[output.index] }

  /// How tiles must lie along a dimension for their numbers to be those of the whole field.
  /// - Returns: nil when the output depends on the whole input, so that there are no tiles.
  public func tiling(dimension: Int) -> Tiling? {
    let scales = graph.scales(dimension: dimension)
    guard let scale = scales[output.index] else { return nil }
    var stride = 1
    for index in order {
      for value in graph.nodes[index].call.outputs where depends.contains(value) {
        guard let scale = scales[value.index], let next = leastMultiple(stride, scale.denominator) else {
          return nil
        }
        stride = next
      }
    }
    let (cells, overflow) = stride.multipliedReportingOverflow(by: scale.numerator)
    guard !overflow else { return nil }
    let period = max(1, cells / scale.denominator)
    guard let range = inputRange(of: 0..<period, dimension: dimension) else { return nil }
    var field = 0
    for cell in 0..<min(period, 256) {
      field = max(field, inputRange(of: cell..<cell + 1, dimension: dimension)?.count ?? 0)
    }
    return Tiling(
      stride: stride, scale: scale, before: max(0, -range.lowerBound),
      after: max(0, range.upperBound - stride), receptiveField: field)
  }
}

/// How the output of a network lies over its input along one dimension: in the middle, each cell of the input cut into
/// `factor` cells, and where layers do not pad (padding: valid) without some cells on each side.
public struct Footprint: Sendable, Hashable {
  /// Cells of the output for each cell of the input.
  public let factor: Int
  /// Cells of the output that are missing on each side.
  public let trimmed: Int

  /// - Parameter scale: of `Reach.scale`; nil when that is not known.
  /// - Returns: nil when the output is larger than the input cut so, or does not lie in its middle.
  public init?(input: Int, output: Int, scale: Ratio?) {
    guard input >= 1, output >= 1 else { return nil }
    let factor: Int
    if let scale {
      guard scale.denominator == 1 else { return nil }
      factor = scale.numerator
    } else {
      factor = max(1, output / input)
    }
    let (whole, overflow) = input.multipliedReportingOverflow(by: factor)
    guard !overflow, whole >= output, (whole - output) % 2 == 0 else { return nil }
    (self.factor, trimmed) = (factor, (whole - output) / 2)
  }

  /// Cells of the input on each side that the output does not cover, or not wholly.
  public var crop: Int { (trimmed + factor - 1) / factor }
  /// Cells of the output in front of the first cell of the input that it covers wholly.
  public var skip: Int { crop * factor - trimmed }

  /// The output's cells for an input of that many cells; nil when there are none.
  public func output(of input: Int) -> Int? {
    let (whole, overflow) = input.multipliedReportingOverflow(by: factor)
    return overflow || whole <= 2 * trimmed ? nil : whole - 2 * trimmed
  }

  /// Cells of the input on each side that an output cell depends on, counted from the cell of the input under it.
  public func halo(_ tiling: Tiling) -> Int {
    trimmed == 0 ? tiling.halo : max(tiling.before + crop, tiling.after - crop + (skip > 0 ? 1 : 0))
  }
}

/// How tiles must lie along one dimension.
public struct Tiling: Sendable, Hashable {
  /// Tiles of the input begin at multiples of it, and the size of the input is one.
  public let stride: Int
  /// Cells of the output for each cell of the input.
  public let scale: Ratio
  /// Cells of the input in front of and behind a tile that its output depends on, the halo; not rounded to `stride`.
  public let before: Int
  public let after: Int
  /// Cells of the input that one cell of the output depends on, at most.
  public let receptiveField: Int

  /// The larger halo, rounded up so that tiles with it begin at multiples of the stride.
  public var halo: Int { (max(before, after) + stride - 1) / stride * stride }
}

/// A fraction in lowest terms, above 0.
public struct Ratio: Sendable, Hashable, CustomStringConvertible {
  public let numerator: Int
  public let denominator: Int

  /// - Returns: nil when one of them is not above 0.
  public init?(_ numerator: Int, _ denominator: Int) {
    guard numerator > 0, denominator > 0 else { return nil }
    let common = commonDivisor(numerator, denominator)
    (self.numerator, self.denominator) = (numerator / common, denominator / common)
  }

  public static let one = Ratio(numerator: 1, denominator: 1)
  private init(numerator: Int, denominator: Int) {
    (self.numerator, self.denominator) = (numerator, denominator)
  }

  func times(_ other: Ratio) -> Ratio? {
    let a = numerator.multipliedReportingOverflow(by: other.numerator)
    let b = denominator.multipliedReportingOverflow(by: other.denominator)
    return a.overflow || b.overflow ? nil : Ratio(a.partialValue, b.partialValue)
  }

  public var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }
}

func commonDivisor(_ a: Int, _ b: Int) -> Int {
  var (a, b) = (a, b)
  while b != 0 { (a, b) = (b, a % b) }
  return a
}

func leastMultiple(_ a: Int, _ b: Int) -> Int? {
  let (product, overflow) = (a / commonDivisor(a, b)).multipliedReportingOverflow(by: b)
  return overflow ? nil : product
}

extension Graph {
  /// For each value the cells that it has for each cell of the graph's inputs along a dimension (from the end);
  /// nil where it does not lie over them cell by cell.
  func scales(dimension: Int) -> [Ratio?] {
    var scales: [Ratio?] = values.map { value in
      if case .input = origin(value), shape(value).rank >= dimension { return .one }
      return nil
    }
    // Far apart, so that rounding inside an operator does not count; divisible by all up to 16.
    let far = 720_720
    for node in nodes {
      let inputs = node.call.inputs.map(shape)
      let outputs = node.call.outputs.map(shape)
      for (position, value) in node.call.inputs.enumerated() {
        guard let scale = scales[value.index], let result = outputs.first, dimension <= result.rank,
          dimension <= inputs[position].rank
        else { continue }
        let own = result.rank - dimension
        guard
          let near = node.op.inputRange(of: 0..<1, dimension: own, input: position, inputs, outputs),
          let distant = node.op.inputRange(
            of: far..<far + 1, dimension: own, input: position, inputs, outputs),
          let step = Ratio(far, distant.lowerBound - near.lowerBound), step.denominator <= 4096,
          let made = scale.times(step)
        else { continue }
        for output in node.call.outputs { scales[output.index] = made }
        break
      }
    }
    return scales
  }

  /// What the extents of the graph's inputs must be divisible by for all values to have whole sizes: for the last
  /// `spatial` dimensions, outermost first.
  func sizeDivisors(spatial: Int) -> [Int] {
    (1...max(1, spatial)).reversed().map { sizeDivisor(dimension: $0) }
  }

  /// The same along one dimension, counted from the end: 1 is the last.
  package func sizeDivisor(dimension: Int) -> Int {
    var divisor = 1
    for scale in scales(dimension: dimension) {
      if let scale, let next = leastMultiple(divisor, scale.denominator), next <= 1 << 20 { divisor = next }
    }
    return divisor
  }
}
