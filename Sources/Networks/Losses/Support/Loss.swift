import Basics
import Compute
import Tensors

/// What training makes small. One file each in `Losses/`.
public protocol Loss: Configured {
  /// Channels of the prediction for each channel of the target: 1, or the number of parameters of a distribution.
  /// The channels of one parameter of all variables lie together: [parameter, variable].
  var channelsPerVariable: Int { get }
  /// The target is taken as it is, for its numbers mean something: classes, amounts of which 0 is none.
  var takesRawTargets: Bool { get }

  /// The loss of a batch: one number, the mean over all elements of the target, weighted.
  ///
  /// - Parameters:
  ///   - prediction: [batch, channels x `channelsPerVariable`, ...]; logits where the loss says so.
  ///   - target: [batch, channels, ...].
  ///   - weights: of the target's shape, or broadcast to it; 0 where the target is missing. The loss is the
  ///     sum of weight x loss divided by the sum of the weights. Nil: all count the same.
  func build(_ prediction: Value, _ target: Value, weights: Value?, in graph: inout Graph) throws(GraphError)
    -> Value

  /// What is predicted, from the network's output: the expected value [batch, channels, ...] (probabilities for
  /// classes). The identity, unless the output are parameters of a distribution or logits.
  func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value

  /// The numbers of the predicted distribution (mean and standard deviation; probability, shape and scale), from the
  /// network's output: [batch, channels x `channelsPerVariable`, ...], the first number of all variables first. Nil:
  /// the loss says nothing of a distribution.
  func distribution(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value?

  /// A draw from a distribution with those numbers; a function of the stream and the place alone.
  func draw(_ numbers: [Double], _ stream: RandomStream, at place: UInt64) -> Double
}

extension Loss {
  public var channelsPerVariable: Int { 1 }
  public var takesRawTargets: Bool { false }
  public func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    prediction
  }
  public func distribution(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value? { nil }
  public func draw(_ numbers: [Double], _ stream: RandomStream, at place: UInt64) -> Double {
    numbers.first ?? .nan
  }
}
