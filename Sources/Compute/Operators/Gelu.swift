import Kernels
import Tensors

/// x times the probability that a normal number is below x (Hendrycks and Gimpel 2016), by the error function
/// or by its approximation with tanh.
public struct Gelu: UnaryOperator {
  public static let name = "Gelu"
  public enum Form: String, Sendable, Hashable, Codable { case exact, tanh }
  public let form: Form
  public init(_ form: Form = .exact) { self.form = form }
  public var detail: String { form.rawValue }

  public func apply<T: Real>(_ x: T) -> T {
    switch form {
    case .exact: x / 2 * (1 + T.erf(x * T(Self.halfRoot)))
    case .tanh: x / 2 * (1 + T.tanh(inner(x)))
    }
  }

  public func derivative<T: Real>(_ x: T) -> T {
    let scale = T(Self.scale)
    switch form {
    case .exact:
      let density: T = scale / 2 * T.exp(-x * x / 2)
      return (1 + T.erf(x * T(Self.halfRoot))) / 2 + x * density
    case .tanh:
      let t = T.tanh(inner(x))
      let slope: T = scale * (1 + 3 * T(Self.cubic) * x * x)
      let curved: T = x / 2 * (1 - t * t)
      return (1 + t) / 2 + curved * slope
    }
  }

  private func inner<T: Real>(_ x: T) -> T {
    let cube: T = x * x * x
    return T(Self.scale) * (x + T(Self.cubic) * cube)
  }

  private static let halfRoot = 0.5.squareRoot()
  /// sqrt(2 / pi).
  private static let scale = 0.797884560802865355879892119868763737
  private static let cubic = 0.044715

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    if form == .exact { return unsafe isotach_gelu(x, y, Int64(count)) }
    inPieces(count) { first, count, part in
      for k in 0..<count { unsafe part[k] = inner(x[first + k]) }
      unsafe isotach_tanh(part, part, Int64(count))
      for k in 0..<count { unsafe y[first + k] = x[first + k] / 2 * (1 + part[k]) }
    }
  }

  public func gradientRow(
    _ x: UnsafePointer<Float>, _ seed: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    if form == .exact { return unsafe isotach_gelu_gradient(x, seed, gradient, Int64(count)) }
    inPieces(count) { first, count, part in
      for k in 0..<count { unsafe part[k] = inner(x[first + k]) }
      unsafe isotach_tanh(part, part, Int64(count))
      for k in 0..<count {
        let (number, t) = unsafe (x[first + k], part[k])
        let slope = Float(Self.scale) * (1 + 3 * Float(Self.cubic) * number * number)
        let whole = (1 + t) / 2 + number / 2 * (1 - t * t) * slope
        unsafe gradient[first + k] = whole * seed[first + k]
      }
    }
  }
}
