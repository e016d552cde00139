import Basics
import Compute
import Tensors

/// Uniform between -1 / sqrt(fan-in) and 1 / sqrt(fan-in): what PyTorch begins the weights and the biases of
/// convolutions and dense layers with (`kaiming_uniform_` with a = sqrt(5)). The distribution is the same, not
/// the numbers.
public struct PyTorchDefault: Initialiser {
  public static let declaration = Declaration(
    name: "pytorch", summary: "uniform within 1 / sqrt(fan-in), as PyTorch's layers begin", keys: [])
  public init() {}
  public init(_ arguments: Arguments) throws(PlanError) {}
  public var keys: [(String, ConfigValue)] { [] }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    let limit = 1 / Double(max(1, fan.input)).squareRoot()
    parameter.fillUniform(-limit, limit, &stream)
  }
}
