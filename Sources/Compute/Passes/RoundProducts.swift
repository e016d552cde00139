/// Lets fully connected layers round their operands to bfloat16: products of a matrix with the transpose of weights that
/// follow from parameters, with a bias for each column or none.
enum RoundProducts {
  static func run(_ graph: Graph, _ goals: Goals) throws(GraphError) -> (graph: Graph, goals: Goals) {
    var rewrite = try Rewrite(graph, goals)
    let fixed = graph.fixedValues(except: Set(goals.updates.map(\.parameter)))
    for index in rewrite.order {
      let node = graph.nodes[index]
      let call = node.call
      guard let gemm = node.op as? Gemm, gemm.alpha == 1, gemm.beta == 1, gemm.transposeB, !gemm.transposeA,
        call.inputs.dropFirst().allSatisfy(fixed.contains), !fixed.contains(call.inputs[0]),
        case let (x, w) = (graph.shape(call.inputs[0]), graph.shape(call.inputs[1])),
        call.inputs.count == 2 || graph.shape(call.inputs[2]).extents == [w[0]],
        let size = ProductSize(rows: x[0], channels: w[1], filters: w[0])
      else {
        try rewrite.copy(index)
        continue
      }
      let inputs = try rewrite.values(call.inputs)
      rewrite.new.path = call.path
      let packed = try rewrite.new.apply(PackedProduct(size: size), Array(inputs.dropFirst()))
      let made = try rewrite.new.apply(
        RoundedProduct(size: size, activation: gemm.activation), [inputs[0]] + packed)
      try rewrite.replace(call.outputs[0], by: made[0])
    }
    return try rewrite.finish()
  }
}
