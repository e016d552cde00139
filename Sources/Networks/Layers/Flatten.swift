import Basics
import Compute
import Tensors

/// Everything behind the batch in one row: [batch, channels x space].
public struct Flatten: Layer {
  public static let declaration = Declaration(
    name: "flatten", summary: "channels and space in one row, for dense layers", keys: [])
  public init() {}
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    if var convolving = network.convolving {
      if convolving.isFinding {
        convolving.windows[network.graph.path] = Array(network.shape(input).extents.dropFirst())
      } else {
        convolving.pending = convolving.windows[network.graph.path]
      }
      network.convolving = convolving
      if !convolving.isFinding { return input }
    }
    return try network.graph.one(Compute.Flatten(axis: 1), input)
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.extents.first.flatMap { try? Shape([$0, input.extents.dropFirst().reduce(1, *)]) }
  }
}
