import Kernels
import Tensors

/// log(1 + exp(x)), in a form that does not overflow.
public struct Softplus: UnaryOperator {
  public static let name = "Softplus"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { max(x, 0) + T.log1p(T.exp(-abs(x))) }
  public func derivative<T: Real>(_ x: T) -> T { 1 / (1 + T.exp(-x)) }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_softplus(x, y, Int64(count))
  }

  public func gradientRow(
    _ x: UnsafePointer<Float>, _ seed: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    inPieces(count) { first, count, part in
      unsafe isotach_sigmoid(x + first, part, Int64(count))
      for k in 0..<count { unsafe gradient[first + k] = part[k] * seed[first + k] }
    }
  }
}
