import Tensors

/// x / (1 + |x|).
public struct Softsign: UnaryOperator {
  public static let name = "Softsign"
  public static var grain: Int { Grain.cheap }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { x / (1 + abs(x)) }
  public func derivative<T: Real>(_ x: T) -> T {
    let d = 1 + abs(x)
    return 1 / (d * d)
  }
}
