import Basics
import Compute

/// An operator along one dimension, usually the channels.
public protocol AxisLayer: Layer {
  var axis: Int { get }
  init(axis: Int)
  var operation: any Operator { get }
}

extension AxisLayer {
  public static var declaredKeys: [Key] {
    [Key("axis", .integer, default: "1", "the dimension, 1 for the channels; from the end when negative")]
  }

  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(axis: arguments.integer("axis") ?? 1)
  }

  public var keys: [(String, ConfigValue)] { axis == 1 ? [] : [("axis", .integer(axis))] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    try network.graph.one(operation, input)
  }
}
