/// What the convolutions and products of a graph are computed in.
public struct ProductPrecision: Sendable, Hashable {
  /// Nodes whose operands are rounded to bfloat16.
  public private(set) var rounded = 0
  /// What stays in float32: the names of the operators and their details, each once, in order.
  public private(set) var others: [String] = []
  /// Nodes in float32.
  public private(set) var exact = 0

  public init(_ graph: Graph, _ goals: Goals) {
    for index in graph.nodes(for: goals.values) { add(graph.nodes[index].op) }
  }

  private mutating func add(_ op: any Operator) {
    switch op {
    case let bands as BlockedBands: for step in bands.steps { add(step.op) }
    case let conv as BlockedConv where conv.convolution.way.isRounded: rounded += 1
    case is RoundedProduct: rounded += 1
    case let conv as BlockedConv:
      addExact(
        "\(conv.convolution.isAdjoint ? "ConvTranspose" : "Conv") (\(conv.convolution.way.description))")
    case is Conv, is ConvTranspose, is Gemm, is MatMul: addExact("\(type(of: op).name) (plain)")
    default: break
    }
  }

  private mutating func addExact(_ name: String) {
    exact += 1
    if !others.contains(name) { others.append(name) }
  }

  /// For a line of the plan.
  public var title: String {
    rounded == 0
      ? "no layer has products in bfloat16: all in float32"
      : "bfloat16 products in \(rounded) of \(rounded + exact) layers"
        + (others.isEmpty ? "" : ", float32 in \(others.joined(separator: ", "))")
  }
}
