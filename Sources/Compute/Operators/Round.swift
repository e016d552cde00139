import Tensors

/// The nearest whole number, of two the even one, as in ONNX and PyTorch; NaN stays. Its gradient is 0.
public struct Round: UnaryOperator {
  public static let name = "Round"
  public static var grain: Int { Grain.cheap }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { x.rounded(.toNearestOrEven) }
  public func derivative<T: Real>(_ x: T) -> T { 0 }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    [nil]
  }
}
