import Basics
import Compute
import Tensors

/// All numbers between two limits equally likely.
public struct Uniform: Initialiser {
  public static let declaration = Declaration(
    name: "uniform", summary: "all numbers between two limits equally likely",
    keys: [
      Key("low", .number, default: "-0.05", "the least number"),
      Key("high", .number, default: "0.05", "the greatest number"),
    ])
  public let low: Double
  public let high: Double

  public init(_ low: Double = -0.05, _ high: Double = 0.05) { (self.low, self.high) = (low, high) }
  public init(_ arguments: Arguments) throws(PlanError) {
    low = arguments.number("low") ?? -0.05
    high = arguments.number("high") ?? 0.05
    guard low <= high else {
      throw PlanError("`low` must not be above `high`, found \(low) and \(high)", at: arguments.mark)
    }
  }
  public var keys: [(String, ConfigValue)] { changed(("low", low, -0.05), ("high", high, 0.05)) }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    parameter.fillUniform(low, high, &stream)
  }
}
