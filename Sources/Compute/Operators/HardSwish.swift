import Tensors

/// x times x / 6 + 1/2 held between 0 and 1 (Howard and others 2019).
public struct HardSwish: UnaryOperator {
  public static let name = "HardSwish"
  public static var grain: Int { Grain.cheap }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { x * min(max(x / 6 + T(0.5), 0), 1) }
  public func derivative<T: Real>(_ x: T) -> T { x <= -3 ? 0 : (x < 3 ? x / 3 + T(0.5) : 1) }
}
