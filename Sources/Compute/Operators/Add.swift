import Tensors

/// a + b, element by element, with broadcasting.
public struct Add: BinaryOperator {
  public static let name = "Add"
  public init() {}

  public func apply<T: Real>(_ a: T, _ b: T) -> T { a + b }
  public func derivative<T: Real>(_ position: Int, _ a: T, _ b: T) -> T {
    position == 0 ? 1 : 1
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    return [
      try graph.reduced(seed, to: call.inputs[0], wanted: call.wanted[0]),
      try graph.reduced(seed, to: call.inputs[1], wanted: call.wanted[1]),
    ]
  }
}

extension Graph {
  /// The gradient of a broadcast operand: summed over what was repeated.
  mutating func reduced(_ gradient: Value, to operand: Value, wanted: Bool = true) throws(GraphError)
    -> Value?
  {
    guard wanted else { return nil }
    if shape(gradient) == shape(operand) { return gradient }
    return try one(SumTo(shape(operand)), gradient)
  }
}
