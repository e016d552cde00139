import Tensors

/// What is left of a when it is divided by b, element by element, with broadcasting: a - b floor(a / b), of the sign of b; or,
/// when it truncates, a - b trunc(a / b), of the sign of a (C's `fmod`). Exact. Source: ONNX Mod.
public struct Mod: BinaryOperator {
  public static let name = "Mod"
  public let truncates: Bool
  public init(truncates: Bool = false) { self.truncates = truncates }
  public var detail: String { truncates ? "truncating" : "" }

  public func apply<T: Real>(_ a: T, _ b: T) -> T {
    let rest = a.truncatingRemainder(dividingBy: b)
    return truncates || rest == 0 || (rest < 0) == (b < 0) ? rest : rest + b
  }
  public func derivative<T: Real>(_ position: Int, _ a: T, _ b: T) -> T {
    position == 0 ? 1 : -(a / b).rounded(truncates ? .towardZero : .down)
  }
}
