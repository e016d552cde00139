/// Takes a BatchNormalization with given statistics into the weights and the bias of the layer before it, when nothing
/// else reads that layer and all weights and statistics follow from parameters. The new weights are made by a node of
/// their own (`FoldedWeights`), which a program prepares once.
enum FoldBatchNormalization {
  static func run(_ graph: Graph, _ goals: Goals) throws(GraphError) -> (graph: Graph, goals: Goals) {
    var rewrite = try Rewrite(graph, goals)
    let fixed = graph.fixedValues()
    // The layer of each normalisation that can be folded.
    var folded: [Int: Int] = [:]
    for index in rewrite.order {
      let node = graph.nodes[index]
      guard let normalization = node.op as? BatchNormalization, normalization.activation == nil,
        node.call.inputs[1...].allSatisfy(fixed.contains),
        case .node(let before, output: 0) = graph.origin(node.call.inputs[0]),
        graph.nodes[before].op.foldableWeights(graph.nodes[before].call, in: graph) != nil,
        graph.nodes[before].call.inputs[1...].allSatisfy(fixed.contains),
        !rewrite.wanted.contains(node.call.inputs[0]),
        rewrite.readers[node.call.inputs[0].index] == [index]
      else { continue }
      folded[index] = before
    }
    let layers = Set(folded.values)
    for index in rewrite.order where !layers.contains(index) {
      let node = graph.nodes[index]
      guard let before = folded[index], let normalization = node.op as? BatchNormalization else {
        try rewrite.copy(index)
        continue
      }
      let layer = graph.nodes[before]
      guard let channels = layer.op.foldableWeights(layer.call, in: graph) else { continue }
      let weights = try rewrite.values(Array(layer.call.inputs[1...]))
      let statistics = try rewrite.values(Array(node.call.inputs[1...]))
      rewrite.new.path = layer.call.path
      let made = try rewrite.new.apply(
        FoldedWeights(channels: channels, epsilon: normalization.epsilon),
        [weights[0]] + statistics + weights[1...])
      let x = try rewrite.value(layer.call.inputs[0])
      let y = try rewrite.new.one(layer.op, x, made[0], made[1])
      try rewrite.replace(node.call.outputs[0], by: y)
    }
    return try rewrite.finish()
  }
}

extension Operator {
  /// Where the output channels are in the weights (input 1), when this is a layer whose result a factor and a summand
  /// for each channel can be taken into.
  fileprivate func foldableWeights(_ call: Call, in graph: Graph) -> FoldedWeights.Channels? {
    if let conv = self as? Conv { return conv.activation == nil ? .rows : nil }
    if let conv = self as? ConvTranspose {
      return conv.activation == nil ? .columns(groups: conv.convolution.groups) : nil
    }
    if let gemm = self as? Gemm {
      let columns = graph.shape(call.outputs[0]).extents[1]
      guard gemm.activation == nil, gemm.beta == 1,
        call.inputs.count == 2 || graph.shape(call.inputs[2]).extents == [columns]
      else { return nil }
      return gemm.transposeB ? .rows : .columns(groups: 1)
    }
    return nil
  }
}

extension Graph {
  /// Parameters, constants, and what is made of them alone and without chance.
  func fixedValues(except changing: Set<String> = []) -> Set<Value> {
    var fixed = Set<Value>()
    for value in values {
      switch origin(value) {
      case .parameter(let name): if !changing.contains(name) { fixed.insert(value) }
      case .constant: fixed.insert(value)
      case .input, .node: break
      }
    }
    for node in nodes where !node.op.isRandom && node.call.inputs.allSatisfy(fixed.contains) {
      fixed.formUnion(node.call.outputs)
    }
    return fixed
  }
}
