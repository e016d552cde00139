import Tensors

/// Sums over the dimensions along which a tensor of `target` would be repeated by broadcasting: the adjoint of
/// broadcasting. No ONNX operator; it is ReduceSum followed by Reshape.
public struct SumTo: Operator {
  public static let name = "SumTo"
  public let target: Shape
  public init(_ target: Shape) { self.target = target }
  public var detail: String { target.description }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard try Broadcasting([inputs[0], target]).shape == inputs[0] else {
      throw OperatorError("\(target) is not broadcast to \(inputs[0])")
    }
    return [target]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let broadcasting = try? Broadcasting([target, inputs[0].shape]) else { return }
    var sums = [Double](repeating: 0, count: target.count)
    broadcasting.forEachPair { _, a, b in sums[a] += Double(inputs[0][b]) }
    for index in sums.indices { outputs[0][index] = T(sums[index]) }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    let shape = graph.shape(call.inputs[0])
    return [try graph.one(Expand(shape), seed)]
  }
}
