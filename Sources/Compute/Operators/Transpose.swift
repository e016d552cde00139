import Tensors

/// The dimensions in another order: dimension k of the result is dimension `permutation[k]` of the input; nil
/// turns the order around.
public struct Transpose: ViewOperator {
  public static let name = "Transpose"
  public let permutation: [Int]?
  public init(_ permutation: [Int]? = nil) { self.permutation = permutation }
  public var detail: String { permutation.map { "\($0)" } ?? "reversed" }

  private func order(_ shape: Shape) -> [Int] { permutation ?? (0..<shape.rank).reversed() }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    let order = order(inputs[0])
    guard order.sorted() == Array(0..<inputs[0].rank) else {
      throw OperatorError("\(order) does not name each dimension of \(inputs[0]) once")
    }
    return [try .made(order.map { inputs[0][$0] })]
  }

  public func view(_ shape: Shape) -> (extents: [Int], strides: [Int]) {
    let (order, strides) = (order(shape), shape.strides)
    return (order.map { shape[$0] }, order.map { strides[$0] })
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    let order = order(graph.shape(call.inputs[0]))
    return [try graph.one(Transpose(order.indices.sorted { order[$0] < order[$1] }), seed)]
  }

  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let shape = inputs.first, order(shape)[dimension] == dimension else { return nil }
    return output
  }
}
