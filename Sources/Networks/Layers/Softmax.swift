import Basics
import Compute

/// Probabilities: e^x over the sum of e^x along the channels.
public struct Softmax: AxisLayer {
  public static let declaration = Declaration(
    name: "softmax", summary: "probabilities over the channels", keys: declaredKeys)
  public let axis: Int
  public var operation: any Operator { Compute.Softmax(axis: axis) }

  public init(axis: Int = 1) { self.axis = axis }
}
