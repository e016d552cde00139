import Kernels
import Tensors

/// x sigmoid(beta x) (Ramachandran and others 2017); beta 1 is PyTorch's SiLU.
public struct Swish: UnaryOperator {
  public static let name = "Swish"
  /// `alpha` in ONNX.
  public let beta: Double
  public var detail: String { "beta \(beta)" }
  public init(beta: Double = 1) {
    self.beta = beta
  }

  public func apply<T: Real>(_ x: T) -> T { x / (1 + T.exp(-T(beta) * x)) }
  public func derivative<T: Real>(_ x: T) -> T {
    let s = 1 / (1 + T.exp(-T(beta) * x))
    return s + T(beta) * x * s * (1 - s)
  }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    inPieces(count) { first, count, part in
      unsafe sigmoid(x + first, part, count)
      for k in 0..<count { unsafe y[first + k] = x[first + k] * part[k] }
    }
  }

  public func gradientRow(
    _ x: UnsafePointer<Float>, _ seed: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    let beta = Float(beta)
    inPieces(count) { first, count, part in
      unsafe sigmoid(x + first, part, count)
      for k in 0..<count {
        let (number, s) = unsafe (x[first + k], part[k])
        unsafe gradient[first + k] = (s + beta * number * s * (1 - s)) * seed[first + k]
      }
    }
  }

  /// Of beta x.
  private func sigmoid(_ x: UnsafePointer<Float>, _ s: UnsafeMutablePointer<Float>, _ count: Int) {
    let beta = Float(beta)
    for k in 0..<count { unsafe s[k] = beta * x[k] }
    unsafe isotach_sigmoid(s, s, Int64(count))
  }
}
