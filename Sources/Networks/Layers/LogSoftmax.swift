import Basics
import Compute

/// The logarithm of the softmax along the channels, without overflow.
public struct LogSoftmax: AxisLayer {
  public static let declaration = Declaration(
    name: "log-softmax", summary: "logarithms of probabilities over the channels", keys: declaredKeys)
  public let axis: Int
  public var operation: any Operator { Compute.LogSoftmax(axis: axis) }

  public init(axis: Int = 1) { self.axis = axis }
}
