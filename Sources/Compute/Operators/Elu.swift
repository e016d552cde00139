import Kernels
import Tensors

/// x where it is positive, else alpha (exp(x) - 1) (Clevert and others 2015).
public struct Elu: UnaryOperator {
  public static let name = "Elu"
  public let alpha: Double
  public var differentiatesResult: Bool { alpha >= 0 }
  public var detail: String { "alpha \(alpha)" }
  public init(alpha: Double = 1) {
    self.alpha = alpha
  }

  public func apply<T: Real>(_ x: T) -> T { x > 0 ? x : T(alpha) * T.expm1(x) }
  public func derivative<T: Real>(_ x: T) -> T {
    if x > 0 { return 1 }
    return alpha >= 0 ? x + T(alpha) : T(alpha) * T.exp(x)
  }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    let alpha = Float(alpha)
    inPieces(count) { first, count, part in
      unsafe isotach_expm1(x + first, part, Int64(count))
      for k in 0..<count { unsafe y[first + k] = x[first + k] > 0 ? x[first + k] : alpha * part[k] }
    }
  }
}
