import Basics
import Compute
import Tensors

/// How a parameter begins. One file each in `Initialisers/`.
public protocol Initialiser: Configured {
  /// Sets all numbers of a parameter.
  /// - Parameter stream: its own stream of random numbers, the same for the same seed and path.
  func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream)
}

/// How many numbers go into and out of one output of a layer.
public struct Fan: Sendable, Hashable {
  public let input: Int
  public let output: Int
  public init(input: Int, output: Int) { (self.input, self.output) = (input, output) }

  /// Of a weight [outputs, inputs / groups, kernel...] (PyTorch's `_calculate_fan_in_and_fan_out`).
  public init(weight: Shape) {
    guard weight.rank >= 2 else {
      self.init(input: max(1, weight.count), output: max(1, weight.count))
      return
    }
    let field = weight.extents.dropFirst(2).reduce(1, *)
    self.init(input: weight.extents[1] * field, output: weight.extents[0] * field)
  }
}
