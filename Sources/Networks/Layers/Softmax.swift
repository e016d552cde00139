import Basics
import Compute

/// Probabilities: e^x over the sum of e^x along the channels.
public struct Softmax: Layer {
  public static let declaration = Declaration(
    name: "softmax", summary: "probabilities over the channels",
    keys: [
      Key("axis", .integer, default: "1", "the dimension, 1 for the channels; from the end when negative")
    ])
  public let axis: Int

  public init(axis: Int = 1) { self.axis = axis }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    axis = arguments.integer("axis") ?? 1
  }
  public var keys: [(String, ConfigValue)] { axis == 1 ? [] : [("axis", .integer(axis))] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(Compute.Softmax(axis: axis), input)
  }
}
