import Kernels
import Tensors

/// The natural logarithm: -infinity of 0, NaN of negative numbers.
public struct Log: UnaryOperator {
  public static let name = "Log"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.log(x) }
  public func derivative<T: Real>(_ x: T) -> T { 1 / x }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_log(x, y, Int64(count))
  }
}
