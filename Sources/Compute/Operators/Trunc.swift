import Tensors

/// The number without its fraction; NaN stays. Its gradient is 0.
public struct Trunc: UnaryOperator {
  public static let name = "Trunc"
  public static var grain: Int { Grain.cheap }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { x.rounded(.towardZero) }
  public func derivative<T: Real>(_ x: T) -> T { 0 }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    [nil]
  }
}
