import Kernels
import Tensors

/// The exponential of x.
public struct Exp: UnaryOperator {
  public static let name = "Exp"
  public var differentiatesResult: Bool { true }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.exp(x) }
  public func derivative<T: Real>(_ y: T) -> T { y }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_exp(x, y, Int64(count))
  }
}
