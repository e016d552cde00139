import Tensors

/// The whole tensor several times along each dimension.
public struct Tile: ViewOperator {
  public static let name = "Tile"
  /// For each dimension.
  public let repeats: [Int]
  public init(_ repeats: [Int]) { self.repeats = repeats }
  public var detail: String { "repeats \(repeats)" }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    guard repeats.count == inputs[0].rank else {
      throw OperatorError("repeats for \(repeats.count) dimensions, \(inputs[0]) has \(inputs[0].rank)")
    }
    var extents: [Int] = []
    for (extent, times) in zip(inputs[0].extents, repeats) {
      guard times >= 0 else { throw OperatorError("\(times) repeats of \(inputs[0])") }
      let (product, overflow) = extent.multipliedReportingOverflow(by: times)
      guard !overflow else { throw OperatorError("\(times) repeats of \(inputs[0]) are too many") }
      extents.append(product)
    }
    return [try .made(extents)]
  }

  public func view(_ shape: Shape) -> (extents: [Int], strides: [Int]) {
    (split(shape), shape.strides.flatMap { [0, $0] })
  }

  /// Repeats and extent of each dimension in turn.
  fileprivate func split(_ shape: Shape) -> [Int] { zip(repeats, shape.extents).flatMap { [$0, $1] } }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(TileGradient(of: self, graph.shape(call.inputs[0])), seed)]
  }

  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    repeats[dimension] == 1 ? output : nil
  }
}

/// The sum over the repeats.
struct TileGradient: Operator {
  static let name = "TileGradient"
  let tile: Tile
  let target: Shape
  init(of tile: Tile, _ target: Shape) { (self.tile, self.target) = (tile, target) }
  var detail: String { tile.detail }

  private var folding: Folding {
    Folding(tile.split(target), (0..<2 * target.rank).map { $0 % 2 == 0 })
  }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    guard try tile.outputShapes([target]) == inputs else {
      throw OperatorError("\(inputs[0]) is not \(target) repeated \(tile.repeats) times")
    }
    return [target]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    folding.reference(SumFold.self, inputs[0], outputs[0])
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    folding.compute(SumFold.self, inputs[0], outputs[0], run)
  }

  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int { folding.workspaceBytes }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(tile, seed)]
  }
}
