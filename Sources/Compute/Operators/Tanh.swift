import Kernels
import Tensors

/// The hyperbolic tangent.
public struct Tanh: UnaryOperator {
  public static let name = "Tanh"
  public var differentiatesResult: Bool { true }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.tanh(x) }
  public func derivative<T: Real>(_ y: T) -> T { 1 - y * y }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_tanh(x, y, Int64(count))
  }
}
