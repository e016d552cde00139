import Tensors

/// 1 where a < b, else 0, element by element, with broadcasting. It has no gradient.
public struct Less: BinaryOperator {
  public static let name = "Less"
  public init() {}

  public func apply<T: Real>(_ a: T, _ b: T) -> T { a < b ? 1 : 0 }
  public func derivative<T: Real>(_ position: Int, _ a: T, _ b: T) -> T { 0 }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    [nil, nil]
  }
}
