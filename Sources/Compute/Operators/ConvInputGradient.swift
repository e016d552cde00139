import Tensors

/// The gradient of `Conv` with respect to its input, from the output's gradient and the weights: its adjoint. No
/// ONNX operator; it is ConvTranspose without a bias, with the extents of the result given.
public struct ConvInputGradient: Operator {
  public static let name = "ConvInputGradient"
  public let convolution: Convolution
  public let input: Shape

  public init(_ convolution: Convolution, input: Shape) {
    (self.convolution, self.input) = (convolution, input)
  }

  public var detail: String { convolution.detail() }

  func plan(_ inputs: [Shape]) throws(OperatorError) -> ConvolutionPlan {
    try convolution.adjointPlan(input: input, weights: inputs[1], output: inputs[0])
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard inputs.count == 2 else {
      throw OperatorError("needs a gradient and weights, found \(inputs.count) inputs")
    }
    _ = try plan(inputs)
    return [input]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let plan = try? plan(inputs.map(\.shape)) else { return }
    plan.referenceInputGradient(inputs[0], inputs[1], bias: nil, outputs[0])
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let plan = try? plan(inputs.map(\.shape)) else { return }
    plan.inputGradient(inputs[0], inputs[1], bias: nil, outputs[0], run)
  }

  public func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    (try? plan(inputs))?.inputGradientWorkspace(threads: threads) ?? 0
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    let (y, w) = (call.inputs[0], call.inputs[1])
    return [
      call.wanted[0]
        ? try graph.one(Conv(convolution, extents: Array(graph.shape(y).extents[2...])), seed, w) : nil,
      call.wanted[1] ? try graph.one(ConvWeightGradient(convolution, weights: graph.shape(w)), seed, y) : nil,
    ]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: (try? plan(inputs))?.operations ?? 0)
  }
}

extension Convolution {
  /// The plan of the convolution that makes `output` from `input`, when both are given.
  func adjointPlan(input: Shape, weights: Shape, output: Shape) throws(OperatorError) -> ConvolutionPlan {
    guard output.rank >= 3 else { throw OperatorError("\(output) needs batch, channels and space") }
    let plan = try plan(input: input, weights: weights, output: Array(output.extents[2...]))
    let expected = try plan.outputShape()
    guard expected == output else {
      throw OperatorError("a gradient \(output) does not belong to an output \(expected)")
    }
    return plan
  }
}
