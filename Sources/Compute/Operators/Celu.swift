import Kernels
import Tensors

/// max(x, 0) + min(alpha (exp(x / alpha) - 1), 0) (Barron 2017).
public struct Celu: UnaryOperator {
  public static let name = "Celu"
  public let alpha: Double
  public var differentiatesResult: Bool { true }
  public var detail: String { "alpha \(alpha)" }
  public init(alpha: Double = 1) {
    self.alpha = alpha
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    guard alpha > 0 else { throw OperatorError("alpha must be above 0, found \(alpha)") }
    return [inputs[0]]
  }

  public func apply<T: Real>(_ x: T) -> T { x > 0 ? x : T(alpha) * T.expm1(x / T(alpha)) }
  public func derivative<T: Real>(_ y: T) -> T { y > 0 ? 1 : y / T(alpha) + 1 }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    let alpha = Float(alpha)
    inPieces(count) { first, count, part in
      for k in 0..<count { unsafe part[k] = x[first + k] / alpha }
      unsafe isotach_expm1(part, part, Int64(count))
      for k in 0..<count { unsafe y[first + k] = x[first + k] > 0 ? x[first + k] : alpha * part[k] }
    }
  }
}
