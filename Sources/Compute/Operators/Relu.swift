import Kernels
import Tensors

/// max(x, 0); NaN stays.
public struct Relu: UnaryOperator {
  public static let name = "Relu"
  public static var grain: Int { Grain.cheap }
  public var differentiatesResult: Bool { true }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { max(x, 0) }
  public func derivative<T: Real>(_ y: T) -> T { y > 0 ? 1 : 0 }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_relu(x, y, Int64(count))
  }

  public func gradientRow(
    _ x: UnsafePointer<Float>, _ seed: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    unsafe isotach_relu_gradient(x, seed, gradient, Int64(count))
  }
}
