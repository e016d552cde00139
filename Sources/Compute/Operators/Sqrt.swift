import Kernels
import Tensors

/// The square root: NaN of negative numbers.
public struct Sqrt: UnaryOperator {
  public static let name = "Sqrt"
  public static var grain: Int { Grain.cheap }
  public var differentiatesResult: Bool { true }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { x.squareRoot() }
  public func derivative<T: Real>(_ y: T) -> T { 1 / (2 * y) }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_sqrt(x, y, Int64(count))
  }
}
