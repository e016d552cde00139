import Basics
import Compute
import Tensors

/// Every number the same; zeros when no value is given.
public struct Constant: Initialiser {
  public static let declaration = Declaration(
    name: "constant", summary: "every number the same",
    keys: [Key("value", .number, default: "0", "the number")])
  public let value: Double

  public init(_ value: Double) { self.value = value }
  public init(_ arguments: Arguments) throws(PlanError) { value = arguments.number("value") ?? 0 }
  public var keys: [(String, ConfigValue)] { value == 0 ? [] : [("value", .number(value))] }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    parameter.fill(Float(value))
  }
}
