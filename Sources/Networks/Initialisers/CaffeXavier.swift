import Basics
import Compute
import Tensors

/// Mean 0 and variance 1 / fan-in: what Caffe calls Xavier (and LeCun et al. 1998, formula 16); uniform as there,
/// or normal.
public struct CaffeXavier: Initialiser {
  public static let declaration = Declaration(
    name: "caffe-xavier", summary: "variance 1 / fan-in (LeCun et al. 1998; `xavier` of Caffe)",
    keys: [Key("uniform", .boolean, default: "true", "uniform instead of normal")])
  public let isUniform: Bool

  public init(isUniform: Bool = true) { self.isUniform = isUniform }
  public init(_ arguments: Arguments) throws(PlanError) { isUniform = arguments.boolean("uniform") ?? true }
  public var keys: [(String, ConfigValue)] { isUniform ? [] : [("uniform", .boolean(false))] }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    parameter.fill(variance: 1 / Double(max(1, fan.input)), isUniform: isUniform, &stream)
  }
}
