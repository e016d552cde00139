import Kernels
import Tensors

/// exp(x) - 1, exact for small x. ONNX has none.
public struct Expm1: UnaryOperator {
  public static let name = "Expm1"
  public var differentiatesResult: Bool { true }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.expm1(x) }
  public func derivative<T: Real>(_ y: T) -> T { y + 1 }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_expm1(x, y, Int64(count))
  }
}
