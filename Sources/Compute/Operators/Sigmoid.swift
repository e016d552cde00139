import Kernels
import Tensors

/// 1 / (1 + exp(-x)).
public struct Sigmoid: UnaryOperator {
  public static let name = "Sigmoid"
  public var differentiatesResult: Bool { true }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { 1 / (1 + T.exp(-x)) }
  public func derivative<T: Real>(_ y: T) -> T { y * (1 - y) }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_sigmoid(x, y, Int64(count))
  }
}
