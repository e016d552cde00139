import Compute
import Networks
import Tensors

extension TrainedModel {
  /// The network with what stands around it: physical values go in, physical values (the expected ones) come out.
  /// - Throws: `GraphError` when that cannot be one graph of one input.
  func normalised(_ network: Network) throws(GraphError) -> NetworkWriter.Built {
    if base != nil, outputs.contains(where: { $0.transform != .none }) {
      throw GraphError(
        path: "",
        "the model learns the difference of transformed values, which can be undone only with the first estimate beside it: keep the normalisation in the metadata",
        shapes: [])
    }
    var graph = Graph()
    let shape = network.inputShape
    let input = try graph.input(network.graph.inputName(network.input) ?? "input", shape)
    graph.path = "normalisation"
    let numbers = try encoded(input, in: &graph)
    graph.path = ""
    let copied = try graph.append(network.graph, replacing: [network.input: numbers], for: [network.output])
    guard let output = copied.first else {
      throw GraphError(path: "", "the network has no output", shapes: [])
    }
    graph.path = "expectation"
    let expected = try loss.expectation(output, in: &graph)
    graph.path = "values"
    let values = try decoded(expected, in: &graph)
    return .init(graph: graph, input: input, outputs: [(network.outputName, values)])
  }

  /// (transform(x) - mean) / deviation, channel by channel.
  private func encoded(_ input: Value, in graph: inout Graph) throws(GraphError) -> Value {
    let transformed = try runs(inputs.map(\.transform), of: input, in: &graph) {
      (transform, value, graph) throws(GraphError) in
      switch transform {
      case .none: value
      case .log1p: try graph.one(Log1p(), value)
      case .sqrt: try graph.one(Sqrt(), value)
      }
    }
    guard inputs.contains(where: { $0.mean != 0 || $0.deviation != 1 }) else { return transformed }
    let rank = graph.shape(input).rank
    let means = try Self.column(inputs.map(\.mean), rank, in: &graph)
    let deviations = try Self.column(inputs.map(\.deviation), rank, in: &graph)
    return try graph.one(Div(), try graph.one(Sub(), transformed, means), deviations)
  }

  private func decoded(_ output: Value, in graph: inout Graph) throws(GraphError) -> Value {
    var value = output
    if outputs.contains(where: { $0.mean != 0 || $0.deviation != 1 }) {
      let rank = graph.shape(output).rank
      let deviations = try Self.column(outputs.map(\.deviation), rank, in: &graph)
      let means = try Self.column(outputs.map(\.mean), rank, in: &graph)
      value = try graph.one(Add(), try graph.one(Mul(), value, deviations), means)
    }
    return try runs(outputs.map(\.transform), of: value, in: &graph) {
      (transform, value, graph) throws(GraphError) in
      switch transform {
      case .none: value
      case .log1p: try graph.one(Expm1(), value)
      case .sqrt: try graph.one(Square(), try graph.one(Relu(), value))
      }
    }
  }

  /// Numbers that are broadcast over [batch, channels, spatial...].
  private static func column(_ numbers: [Double], _ rank: Int, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    try graph.constant(numbers, [numbers.count] + [Int](repeating: 1, count: max(0, rank - 2)))
  }

  /// Applies a function to channels that lie side by side and share a transform.
  private func runs(
    _ transforms: [ModelChannel.Transform], of value: Value, in graph: inout Graph,
    _ apply: (ModelChannel.Transform, Value, inout Graph) throws(GraphError) -> Value
  ) throws(GraphError) -> Value {
    var parts: [Value] = []
    var start = 0
    while start < transforms.count {
      var end = start + 1
      while end < transforms.count, transforms[end] == transforms[start] { end += 1 }
      let isAll = start == 0 && end == transforms.count
      let part = isAll ? value : try graph.one(Slice(axis: 1, start, end), value)
      parts.append(try apply(transforms[start], part, &graph))
      start = end
    }
    if parts.count == 1 { return parts[0] }
    guard let joined = try graph.apply(Concat(axis: 1), parts).first else { return value }
    return joined
  }
}

extension Graph {
  func inputName(_ value: Value) -> String? {
    if case .input(let name) = origin(value) { name } else { nil }
  }

  /// Adds the nodes of another graph that some of its values are made from.
  /// - Parameter replacing: values of the other graph that are values of this one.
  /// - Returns: the wanted values in this graph.
  mutating func append(_ other: Graph, replacing known: [Value: Value], for wanted: [Value])
    throws(GraphError) -> [Value]
  {
    var known = known
    func own(_ value: Value) throws(GraphError) -> Value {
      if let value = known[value] { return value }
      let made: Value
      switch other.origin(value) {
      case .input(let name): made = try input(name, other.shape(value))
      case .parameter(let name): made = try parameter(name, other.shape(value))
      case .constant(let numbers): made = try constant(numbers, other.shape(value).extents)
      case .node: throw GraphError(path: path, "a value is used before it is made", shapes: [])
      }
      known[value] = made
      return made
    }
    let outer = path
    defer { path = outer }
    for index in other.nodes(for: wanted) {
      let node = other.nodes[index]
      var inputs: [Value] = []
      for value in node.call.inputs { inputs.append(try own(value)) }
      path = node.call.path
      for (old, new) in zip(node.call.outputs, try apply(node.op, inputs)) { known[old] = new }
    }
    var results: [Value] = []
    for value in wanted { results.append(try own(value)) }
    return results
  }
}
