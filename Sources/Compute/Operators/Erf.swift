import Kernels
import Tensors

/// The error function.
public struct Erf: UnaryOperator {
  public static let name = "Erf"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T.erf(x) }
  public func derivative<T: Real>(_ x: T) -> T { T(1.1283791670955126) * T.exp(-x * x) }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_erf(x, y, Int64(count))
  }

  public func gradientRow(
    _ x: UnsafePointer<Float>, _ seed: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    inPieces(count) { first, count, part in
      for k in 0..<count { unsafe part[k] = -x[first + k] * x[first + k] }
      unsafe isotach_exp(part, part, Int64(count))
      for k in 0..<count { unsafe gradient[first + k] = 1.1283791670955126 * part[k] * seed[first + k] }
    }
  }
}
