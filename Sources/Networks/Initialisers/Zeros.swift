import Basics
import Compute
import Tensors

/// Every number 0.
public struct Zeros: Initialiser {
  public static let declaration = Declaration(name: "zeros", summary: "every number 0", keys: [])
  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) { parameter.fill(0) }
}
