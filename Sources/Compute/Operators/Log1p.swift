import Kernels
import Tensors

/// log(1 + x), exact for small x. ONNX has none.
public struct Log1p: UnaryOperator {
  public static let name = "Log1p"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.log1p(x) }
  public func derivative<T: Real>(_ x: T) -> T { 1 / (1 + x) }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_log1p(x, y, Int64(count))
  }
}
