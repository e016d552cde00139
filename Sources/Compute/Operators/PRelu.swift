import Tensors

/// x where it is positive, else slope * x, with a slope that is broadcast to x (He and others 2015): for one
/// slope a channel of `[N x C x H x W]` it is `[C x 1 x 1]`.
public struct PRelu: BinaryOperator {
  public static let name = "PRelu"
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 2)
    guard try Broadcasting(inputs).shape == inputs[0] else {
      throw OperatorError("the slopes \(inputs[1]) cannot be broadcast to \(inputs[0])")
    }
    return [inputs[0]]
  }

  public func apply<T: Real>(_ x: T, _ slope: T) -> T { x > 0 ? x : slope * x }
  public func derivative<T: Real>(_ position: Int, _ x: T, _ slope: T) -> T {
    position == 0 ? (x > 0 ? 1 : slope) : (x > 0 ? 0 : x)
  }
}
