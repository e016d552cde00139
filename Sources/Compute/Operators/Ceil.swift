import Tensors

/// The whole number above; NaN stays. Its gradient is 0.
public struct Ceil: UnaryOperator {
  public static let name = "Ceil"
  public static var grain: Int { Grain.cheap }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { x.rounded(.up) }
  public func derivative<T: Real>(_ x: T) -> T { 0 }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    [nil]
  }
}
