import Tensors

/// 1 / x.
public struct Reciprocal: UnaryOperator {
  public static let name = "Reciprocal"
  public static var grain: Int { Grain.cheap }
  public var differentiatesResult: Bool { true }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { 1 / x }
  public func derivative<T: Real>(_ y: T) -> T { -y * y }
}
