import Kernels
import Tensors

/// x where it is positive, else slope * x.
public struct LeakyRelu: UnaryOperator {
  public static let name = "LeakyRelu"
  public static var grain: Int { Grain.cheap }
  /// `alpha` in ONNX, `negative_slope` in PyTorch.
  public let slope: Double
  public var differentiatesResult: Bool { slope >= 0 }
  public var detail: String { "slope \(slope)" }
  public init(slope: Double = 0.01) {
    self.slope = slope
  }

  public func apply<T: Real>(_ x: T) -> T { x > 0 ? x : T(slope) * x }
  public func derivative<T: Real>(_ x: T) -> T { x > 0 ? 1 : T(slope) }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    unsafe isotach_leaky_relu(x, y, Int64(count), Float(slope))
  }
}
