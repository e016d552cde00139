import Tensors

/// x * x. ONNX writes Mul(x, x).
public struct Square: UnaryOperator {
  public static let name = "Square"
  public static var grain: Int { Grain.cheap }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { x * x }
  public func derivative<T: Real>(_ x: T) -> T { 2 * x }
}
