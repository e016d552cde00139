import Basics
import Compute
import Tensors

/// Fully connected: each output is a weighted sum of all inputs.
///
/// Input [batch, features]. Parameters as PyTorch's Linear: `weight` [units, features], `bias` [units].
public struct Dense: Layer {
  public static let declaration = Declaration(
    name: "dense", summary: "fully connected layer",
    keys: [
      Key("units", .integer, required: true, "number of outputs"), CommonKeys.bias, CommonKeys.initialiser,
      CommonKeys.biasInitialiser,
    ])
  public let units: Int
  public let bias: Bool
  public let initialiser: (any Initialiser)?
  public let biasInitialiser: (any Initialiser)?

  public init(
    _ units: Int, bias: Bool = true, initialiser: (any Initialiser)? = nil,
    biasInitialiser: (any Initialiser)? = nil
  ) {
    (self.units, self.bias) = (units, bias)
    (self.initialiser, self.biasInitialiser) = (initialiser, biasInitialiser)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    self.init(
      try arguments.whole("units") ?? 1, bias: arguments.boolean("bias") ?? true,
      initialiser: decoding.initialiser(arguments),
      biasInitialiser: decoding.initialiser(arguments, "bias-initialiser"))
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = [("units", .integer(units))]
    keys.add("bias", bias, unless: true) { .boolean($0) }
    keys.add("initialiser", initialiser?.configuration)
    keys.add("bias-initialiser", biasInitialiser?.configuration)
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let shape = network.shape(input)
    if let convolving = network.convolving, !convolving.isFinding, shape.rank == 4 {
      return try convolution(input, convolving.pending ?? [shape.extents[1], 1, 1], &network)
    }
    guard shape.rank == 2, shape.count > 0, units > 0 else {
      throw network.error(
        "a fully connected layer needs [batch, features]\(shape.rank > 2 ? "; put `flatten` in front" : "")",
        input)
    }
    let features = shape.extents[1]
    var inputs = [input, try network.parameter("weight", [units, features], initialiser ?? He())]
    if bias {
      inputs.append(
        try network.parameter(
          "bias", [units], biasInitialiser ?? Constant(0), fan: Fan(input: features, output: units)))
    }
    return try network.only(network.graph.apply(Compute.Gemm(transposeB: true), inputs))
  }

  /// The same sums at every place of a field.
  /// - Parameter window: channels, rows and columns that went into the layer in one row.
  private func convolution(_ input: Value, _ window: [Int], _ network: inout NetworkBuilder)
    throws(GraphError)
    -> Value
  {
    network.convolving?.pending = nil
    let features = window.reduce(1, *)
    let weight = try network.parameter("weight", [units, features], initialiser ?? He())
    var inputs = [
      input, try network.graph.one(Compute.Reshape([units] + window, allowsZero: true), weight),
    ]
    if bias {
      inputs.append(
        try network.parameter(
          "bias", [units], biasInitialiser ?? Constant(0), fan: Fan(input: features, output: units)))
    }
    return try network.only(network.graph.apply(Compute.Conv(), inputs))
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.extents.first.flatMap { try? Shape([$0, units]) }
  }
}
