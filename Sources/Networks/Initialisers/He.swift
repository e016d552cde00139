import Basics
import Compute
import Tensors

/// Normal with variance 2 / fan-in: keeps the variance of activations through rectifiers (He et al. 2015,
/// formula 10). With `uniform: true` uniform of the same variance; with `mode: fan-out` for the backward pass.
public struct He: Initialiser {
  public static let declaration = Declaration(
    name: "he", summary: "variance 2 / fan-in, for rectifiers (He et al. 2015)",
    keys: [
      Key("uniform", .boolean, default: "false", "uniform instead of normal"),
      Key("mode", .choice(["fan-in", "fan-out"]), default: "fan-in", "which fan counts"),
      Key("slope", .number, default: "0", "negative slope of the leaky rectifier that follows"),
    ])
  public var isUniform = false
  public var usesFanOut = false
  public var slope = 0.0

  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {
    isUniform = arguments.boolean("uniform") ?? false
    usesFanOut = arguments.text("mode") == "fan-out"
    slope = arguments.number("slope") ?? 0
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    if isUniform { keys.append(("uniform", .boolean(true))) }
    if usesFanOut { keys.append(("mode", .text("fan-out"))) }
    if slope != 0 { keys.append(("slope", .number(slope))) }
    return keys
  }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    let variance = 2 / (1 + slope * slope) / Double(usesFanOut ? fan.output : fan.input)
    for index in 0..<parameter.count {
      parameter[index] =
        isUniform
        ? Float((2 * stream.nextDouble() - 1) * (3 * variance).squareRoot())
        : Float(stream.nextNormal() * variance.squareRoot())
    }
  }
}
