import Tensors

/// a * b, element by element, with broadcasting.
public struct Mul: BinaryOperator {
  public static let name = "Mul"
  public init() {}

  public func apply<T: Real>(_ a: T, _ b: T) -> T { a * b }
  public func derivative<T: Real>(_ position: Int, _ a: T, _ b: T) -> T {
    position == 0 ? b : a
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    func part(_ position: Int) throws(GraphError) -> Value? {
      guard call.wanted[position] else { return nil }
      return try graph.reduced(
        try graph.one(Mul(), seed, call.inputs[1 - position]), to: call.inputs[position])
    }
    return [try part(0), try part(1)]
  }
}
