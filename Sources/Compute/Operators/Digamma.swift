import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The logarithmic derivative of the gamma function. ONNX has none.
public struct Digamma: UnaryOperator {
  public static let name = "Digamma"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { T(digamma(Double(x))) }
  public func derivative<T: Real>(_ x: T) -> T { T(trigamma(Double(x))) }
}

/// Abramowitz and Stegun 6.3.5 to raise x above 10, 6.3.18 there; 6.3.7 below 0. About 1e-15 off, beside poles
/// (0, -1, -2, ...), where it is NaN.
func digamma(_ x: Double) -> Double {
  if x <= 0 {
    if x == x.rounded() { return .nan }
    // pi / tan(pi x) has a period of 1: the fraction alone keeps its digits.
    let fraction = x - x.rounded(.down)
    return digamma(1 - x) - Double.pi / tan(Double.pi * fraction)
  }
  var (x, sum) = (x, 0.0)
  while x < 10 {
    sum -= 1 / x
    x += 1
  }
  let r = 1 / (x * x)
  let series =
    r
    * (1.0 / 12 - r
      * (1.0 / 120 - r
        * (1.0 / 252 - r
          * (1.0 / 240 - r
            * (1.0 / 132 - r
              * (691.0 / 32760
                - r / 12))))))
  return sum + log(x) - 1 / (2 * x) - series
}

/// The derivative of `digamma`: Abramowitz and Stegun 6.4.6, 6.4.12 and 6.4.7.
func trigamma(_ x: Double) -> Double {
  if x <= 0 {
    if x == x.rounded() { return .infinity }
    let s = sin(Double.pi * (x - x.rounded(.down)))
    return Double.pi * Double.pi / (s * s) - trigamma(1 - x)
  }
  var (x, sum) = (x, 0.0)
  while x < 10 {
    sum += 1 / (x * x)
    x += 1
  }
  let r = 1 / (x * x)
  let series =
    r
    * (1.0 / 6 - r
      * (1.0 / 30 - r
        * (1.0 / 42 - r
          * (1.0 / 30 - r
            * (5.0 / 66 - r
              * (691.0 / 2730
                - r * 7.0 / 6))))))
  return sum + 1 / x + r / 2 + series / x
}
