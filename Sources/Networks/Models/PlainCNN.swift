import Basics
import Compute

/// Convolutions of one size with rectifiers between them, nothing else: the plain network that others are
/// compared with.
public struct PlainCNN: Model {
  public static let declaration = Declaration(
    name: "plain-cnn", summary: "convolutions with rectifiers, all at full size",
    keys: [])
  public static let published: [Published] = []
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    input
  }
}
