import Tensors

/// a - b, element by element, with broadcasting.
public struct Sub: BinaryOperator {
  public static let name = "Sub"
  public init() {}

  public func apply<T: Real>(_ a: T, _ b: T) -> T { a - b }
  public func derivative<T: Real>(_ position: Int, _ a: T, _ b: T) -> T {
    position == 0 ? 1 : -1
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    var second: Value?
    if let part = try graph.reduced(seed, to: call.inputs[1], wanted: call.wanted[1]) {
      second = try graph.one(Neg(), part)
    }
    return [try graph.reduced(seed, to: call.inputs[0], wanted: call.wanted[0]), second]
  }
}
