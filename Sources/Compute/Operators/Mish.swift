import Kernels
import Tensors

/// x tanh(softplus(x)) (Misra 2019).
public struct Mish: UnaryOperator {
  public static let name = "Mish"
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { x * T.tanh(Softplus().apply(x)) }
  public func derivative<T: Real>(_ x: T) -> T {
    let t = T.tanh(Softplus().apply(x))
    return t + x * (1 - t * t) / (1 + T.exp(-x))
  }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    inPieces(count) { first, count, part in
      unsafe isotach_softplus(x + first, part, Int64(count))
      unsafe isotach_tanh(part, part, Int64(count))
      for k in 0..<count { unsafe y[first + k] = x[first + k] * part[k] }
    }
  }

  public func gradientRow(
    _ x: UnsafePointer<Float>, _ seed: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    inPieces(count) { first, count, part in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { sigmoids in
        guard let sigmoid = sigmoids.baseAddress else { return }
        unsafe isotach_sigmoid(x + first, sigmoid, Int64(count))
        unsafe isotach_softplus(x + first, part, Int64(count))
        unsafe isotach_tanh(part, part, Int64(count))
        for k in 0..<count {
          let t = unsafe part[k]
          unsafe gradient[first + k] = (t + x[first + k] * (1 - t * t) * sigmoid[k]) * seed[first + k]
        }
      }
    }
  }
}
