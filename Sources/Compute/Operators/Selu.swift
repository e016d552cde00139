import Kernels
import Tensors

/// gamma x where x is positive, else gamma alpha (exp(x) - 1) (Klambauer and others 2017).
public struct Selu: UnaryOperator {
  public static let name = "Selu"
  public var differentiatesResult: Bool { true }
  public init() {}

  static let alpha = 1.6732632423543772848170429916717
  static let gamma = 1.0507009873554804934193349852946

  public func apply<T: Real>(_ x: T) -> T {
    x > 0 ? T(Self.gamma) * x : T(Self.gamma * Self.alpha) * T.expm1(x)
  }
  public func derivative<T: Real>(_ y: T) -> T { y > 0 ? T(Self.gamma) : y + T(Self.gamma * Self.alpha) }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    let (gamma, low) = (Float(Self.gamma), Float(Self.gamma * Self.alpha))
    inPieces(count) { first, count, part in
      unsafe isotach_expm1(x + first, part, Int64(count))
      for k in 0..<count { unsafe y[first + k] = x[first + k] > 0 ? gamma * x[first + k] : low * part[k] }
    }
  }
}
