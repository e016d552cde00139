import Tensors

/// -1, 0 or 1; NaN stays. It has no gradient.
public struct Sign: UnaryOperator {
  public static let name = "Sign"
  public static var grain: Int { Grain.cheap }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { x > 0 ? 1 : (x < 0 ? -1 : x) }
  public func derivative<T: Real>(_ x: T) -> T { 0 }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    [nil]
  }
}
