import Basics

/// The rate stays as it is.
public struct Steady: Schedule {
  public static let declaration = Declaration(name: "constant", summary: "the rate stays as it is", keys: [])
  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }
  public func factor(step: Int, total: Int, validation: [(step: Int, loss: Double)]) -> Double { 1 }
}
