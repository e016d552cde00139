import Basics
import Compute
import Tensors

/// Layer-sequential unit variance (Mishkin and Matas 2016): orthogonal weights, which the training scales, layer by layer,
/// before its first step, until the outputs of the layer have the variance 1 on the first batch
/// (`LayerSequentialUnitVariance`). A network that is not trained keeps the orthogonal weights.
public struct LSUV: Initialiser {
  public static let declaration = Declaration(
    name: "lsuv",
    summary: "orthogonal, then scaled on the first batch to outputs of variance 1 (Mishkin and Matas 2016)",
    keys: [
      Key("tolerance", .number, default: "0.1", "how far from 1 the variance may be"),
      Key("trials", .integer, default: "10", "runs of the batch for each layer at most"),
    ])
  public let tolerance: Double
  public let trials: Int

  public init(tolerance: Double = 0.1, trials: Int = 10) {
    (self.tolerance, self.trials) = (tolerance, trials)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    tolerance = try arguments.number("tolerance", or: 0.1, .positive)
    trials = try arguments.whole("trials", to: 1000) ?? 10
  }
  public var keys: [(String, ConfigValue)] {
    changed(("tolerance", tolerance, 0.1), ("trials", Double(trials), 10))
  }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    Orthogonal().fill(parameter, fan: fan, &stream)
  }
}
