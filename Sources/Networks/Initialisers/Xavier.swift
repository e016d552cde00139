import Basics
import Compute
import Tensors

/// Mean 0 and variance gain^2 2 / (fan-in + fan-out), which keeps the variance of both activations and gradients
/// in layers without rectifiers (Glorot and Bengio 2010, formula 16); uniform as there, or normal.
public struct Xavier: Initialiser {
  public static let declaration = Declaration(
    name: "xavier", summary: "variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010)",
    keys: [
      Key("uniform", .boolean, default: "true", "uniform instead of normal"),
      Key("gain", .number, default: "1", "what the deviation is multiplied with"),
    ])
  public let isUniform: Bool
  public let gain: Double

  public init(isUniform: Bool = true, gain: Double = 1) { (self.isUniform, self.gain) = (isUniform, gain) }
  public init(_ arguments: Arguments) throws(PlanError) {
    isUniform = arguments.boolean("uniform") ?? true
    gain = try arguments.number("gain", or: 1, .positive)
  }
  public var keys: [(String, ConfigValue)] {
    (isUniform ? [] : [("uniform", .boolean(false))]) + changed(("gain", gain, 1))
  }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    let variance = gain * gain * 2 / Double(max(1, fan.input + fan.output))
    parameter.fill(variance: variance, isUniform: isUniform, &stream)
  }
}
