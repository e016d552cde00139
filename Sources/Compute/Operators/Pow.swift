import Tensors

/// a to the power of b, element by element, with broadcasting. The derivative by b where a is 0 is 0, as in
/// PyTorch; NaN of a negative a and a broken b.
public struct Pow: BinaryOperator {
  public static let name = "Pow"
  public static var grain: Int { Grain.dear }
  public init() {}

  public func apply<T: Real>(_ a: T, _ b: T) -> T { T.pow(a, b) }
  public func derivative<T: Real>(_ position: Int, _ a: T, _ b: T) -> T {
    position == 0
      ? (b == 0 ? 0 : b * T.pow(a, b - 1))
      : (a == 0 && b >= 0 ? 0 : T.pow(a, b) * T.log(a))
  }

  /// The powers that formulas are full of need no logarithm.
  public func row(
    _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
    _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    switch unsafe bStep == 0 && aStep == 1 ? b[0] : .nan {
    case 1: for k in 0..<count { unsafe y[k] = a[k] }
    case 2: for k in 0..<count { unsafe y[k] = a[k] * a[k] }
    case 3: for k in 0..<count { unsafe y[k] = a[k] * a[k] * a[k] }
    case -1: for k in 0..<count { unsafe y[k] = 1 / a[k] }
    default: for k in 0..<count { unsafe y[k] = apply(a[k * aStep], b[k * bStep]) }
    }
  }

  public func gradientRow(
    _ position: Int, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
    _ seed: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    switch unsafe position == 0 && bStep == 0 && aStep == 1 ? b[0] : .nan {
    case 1: for k in 0..<count { unsafe y[k] = seed[k] }
    case 2: for k in 0..<count { unsafe y[k] = 2 * a[k] * seed[k] }
    case 3: for k in 0..<count { unsafe y[k] = 3 * a[k] * a[k] * seed[k] }
    default:
      for k in 0..<count { unsafe y[k] = derivative(position, a[k * aStep], b[k * bStep]) * seed[k] }
    }
  }
}
