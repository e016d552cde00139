import Tensors

/// Finds a local response normalisation that was written as its steps, as PyTorch exports it:
/// x / (bias + alpha * mean of the squares of neighbouring channels) ^ beta. One pass over the memory instead of eight,
/// and it may be in blocks.
enum RecogniseLRN {
  static func run(_ graph: Graph, _ goals: Goals) throws(GraphError) -> (graph: Graph, goals: Goals) {
    var rewrite = try Rewrite(graph, goals)
    for index in rewrite.order {
      let call = graph.nodes[index].call
      guard let (norm, x) = Reader(graph: graph).normalisation(graph.nodes[index]),
        (try? norm.outputShapes([graph.shape(x)])) == [graph.shape(call.outputs[0])]
      else {
        try rewrite.copy(index)
        continue
      }
      rewrite.new.path = call.path
      let source = try rewrite.value(x)
      try rewrite.replace(call.outputs[0], by: try rewrite.new.one(norm, source))
    }
    // The steps are left behind: nothing reads them any more.
    let done = try rewrite.finish()
    return try RemoveDeadNodes.run(done.graph, done.goals)
  }

  private struct Reader {
    let graph: Graph

    func node(_ value: Value) -> Graph.Node? {
      guard case .node(let index, output: 0) = graph.origin(value) else { return nil }
      return graph.nodes[index]
    }

    func number(_ value: Value) -> Double? {
      guard case .constant(let numbers) = graph.origin(value), numbers.count == 1 else { return nil }
      return numbers[0]
    }

    /// The other factor or summand of a node with one number.
    func withNumber(_ node: Graph.Node) -> (number: Double, other: Value)? {
      guard node.call.inputs.count == 2 else { return nil }
      let (a, b) = (node.call.inputs[0], node.call.inputs[1])
      if let number = number(b) { return (number, a) }
      return number(a).map { ($0, b) }
    }

    /// What a value is but for its shape.
    func bare(_ value: Value) -> Value {
      var value = value
      while let node = node(value), node.op is any ReshapingOperator || node.op is Identity {
        value = node.call.inputs[0]
      }
      return value
    }

    func normalisation(_ node: Graph.Node) -> (LRN, Value)? {
      guard node.op is Div, node.call.inputs.count == 2 else { return nil }
      let x = node.call.inputs[0]
      let shape = graph.shape(x)
      guard shape.rank == 4, let power = self.node(node.call.inputs[1]), power.op is Pow,
        let beta = number(power.call.inputs[1]),
        let sum = self.node(power.call.inputs[0]), sum.op is Add, let (bias, scaled) = withNumber(sum),
        let product = self.node(scaled), product.op is Mul, let (alpha, mean) = withNumber(product),
        let pool = self.node(bare(mean)), let average = pool.op as? AveragePool,
        average.countIncludesPadding, !average.window.ceilMode
      else { return nil }
      let window = average.window
      let ones = [Int](repeating: 1, count: max(0, window.kernel.count - 1))
      let pooled = graph.shape(pool.call.outputs[0])
      guard window.kernel.count == 3 || window.kernel.count == 2, Array(window.kernel.dropFirst()) == ones,
        window.stride.allSatisfy({ $0 == 1 }), window.dilation.allSatisfy({ $0 == 1 }),
        window.padsBefore.allSatisfy({ $0 == 0 }), window.padsAfter.allSatisfy({ $0 == 0 }),
        // [batch, 1, channels, space]: in the same order in memory.
        pooled.extents[0] == shape[0], pooled.extents[1] == 1, pooled.extents[2] == shape[1],
        let pads = self.node(pool.call.inputs[0]), let pad = pads.op as? Pad, pad.value == 0,
        pad.axes.indices.allSatisfy({
          $0 == 2 ? pad.axes[$0].mode == .constant : pad.axes[$0].before == 0 && pad.axes[$0].after == 0
        }),
        case let (before, after) = (pad.axes[2].before, pad.axes[2].after),
        before >= 0, after >= 0, before + after + 1 == window.kernel[0],
        let square = self.node(bare(pads.call.inputs[0])), square.op is Mul,
        square.call.inputs == [x, x]
      else { return nil }
      let unpadded = graph.shape(pads.call.inputs[0])
      guard unpadded.rank == pooled.rank, unpadded.extents[2] == shape[1] else { return nil }
      return (LRN(size: window.kernel[0], alpha: alpha, beta: beta, bias: bias, before: before), x)
    }
  }
}
