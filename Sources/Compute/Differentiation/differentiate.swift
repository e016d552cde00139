import Tensors

/// Adds the gradients of a loss to the graph, as nodes like any other (reverse accumulation; each operator
/// contributes its rule). Sums over several uses of a value are added in the order of the uses, last first.
///
/// - Parameters:
///   - loss: one number.
///   - parameters: the values that the gradients are wanted for.
/// - Returns: for each of them the value of its gradient, of the same shape; zeros when the loss does not
///   depend on it.
public func differentiate(_ loss: Value, by parameters: [Value], in graph: inout Graph) throws(GraphError)
  -> [Value]
{
  guard graph.shape(loss).count == 1 else {
    throw GraphError(path: "", "the loss must be one number", shapes: [graph.shape(loss)])
  }
  let path = graph.path
  defer { graph.path = path }
  let order = graph.nodes(for: [loss])
  // Values that depend on a parameter: nothing else is differentiated.
  var depends = Set(parameters)
  for node in order where graph.nodes[node].call.inputs.contains(where: depends.contains) {
    depends.formUnion(graph.nodes[node].call.outputs)
  }
  var seeds: [Value: Value] = [:]
  seeds[loss] = try graph.constant([1], graph.shape(loss).extents)
  for index in order.reversed() {
    let node = graph.nodes[index]
    guard node.call.inputs.contains(where: depends.contains) else { continue }
    let given = node.call.outputs.map { seeds[$0] }
    guard given.contains(where: { $0 != nil }) else { continue }
    var call = node.call
    call.wanted = call.inputs.map(depends.contains)
    graph.path = call.path.isEmpty ? "gradient" : call.path + ".gradient"
    let gradients = try node.op.gradient(of: call, given, in: &graph)
    guard gradients.count == call.inputs.count else {
      throw GraphError(
        path: call.path, "the gradient of \(type(of: node.op).name) has \(gradients.count) parts", shapes: [])
    }
    for (input, gradient) in zip(call.inputs, gradients) {
      guard let gradient, depends.contains(input) else { continue }
      guard graph.shape(gradient) == graph.shape(input) else {
        throw GraphError(
          path: call.path, "the gradient of \(type(of: node.op).name) has another shape than its input",
          shapes: [graph.shape(gradient), graph.shape(input)])
      }
      seeds[input] = if let sum = seeds[input] { try graph.one(Add(), sum, gradient) } else { gradient }
    }
  }
  var results: [Value] = []
  for parameter in parameters {
    if let seed = seeds[parameter] {
      results.append(seed)
    } else {
      let shape = graph.shape(parameter)
      results.append(try graph.constant([Double](repeating: 0, count: shape.count), shape.extents))
    }
  }
  return results
}
