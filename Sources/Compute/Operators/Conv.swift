import Tensors

/// Convolution (cross-correlation) in one to three dimensions: inputs x (batch, channels, space), w (filters,
/// channels / groups, kernel) and, optionally, a bias (filters).
///
/// y[n, o] = b[o] + the sum over the channels c of o's group and kernel positions k of w[o, c, k] x[n, c, place],
/// place = position * stride - padding + k * dilation, zero outside. Source: ONNX Conv.
public struct Conv: TakesActivation {
  public static let name = "Conv"
  public let convolution: Convolution
  public var activation: Activation?
  /// The output's extents in space when they are fewer than fit.
  let extents: [Int]?

  public init(_ convolution: Convolution = .init()) { self.init(convolution, extents: nil) }

  public init(
    strides: [Int] = [], dilations: [Int] = [], pads: [Int] = [], groups: Int = 1,
    fit: Convolution.Fit = .floor
  ) {
    self.init(.init(strides: strides, dilations: dilations, pads: pads, groups: groups, fit: fit))
  }

  init(_ convolution: Convolution, extents: [Int]?) {
    (self.convolution, self.extents) = (convolution, extents)
  }

  public var detail: String { detail(convolution.detail()) }

  func plan(_ inputs: [Shape]) throws(OperatorError) -> ConvolutionPlan {
    guard inputs.count == 2 || inputs.count == 3 else {
      throw OperatorError("needs an input, weights and possibly a bias, found \(inputs.count) inputs")
    }
    let plan = try convolution.plan(input: inputs[0], weights: inputs[1], output: extents)
    if inputs.count == 3 {
      guard inputs[2].extents == [inputs[1][0]] else {
        throw OperatorError("the bias \(inputs[2]) needs one number for each of \(inputs[1][0]) filters")
      }
    }
    return plan
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    [try plan(inputs).outputShape()]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let plan = try? plan(inputs.map(\.shape)) else { return }
    plan.referenceForward(inputs[0], inputs[1], bias: inputs.count > 2 ? inputs[2] : nil, outputs[0])
    activation?.reference(outputs[0])
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let plan = try? plan(inputs.map(\.shape)) else { return }
    plan.forward(
      inputs[0], inputs[1], bias: inputs.count > 2 ? inputs[2] : nil, outputs[0], run,
      activation: activation)
  }

  public func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    (try? plan(inputs))?.forwardWorkspace(threads: threads) ?? 0
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    try expectNoActivation(call)
    guard let seed = seeds[0] else { return call.inputs.map { _ in nil } }
    let (x, w) = (call.inputs[0], call.inputs[1])
    var gradients: [Value?] = [
      call.wanted[0]
        ? try graph.one(ConvInputGradient(convolution, input: graph.shape(x)), seed, w) : nil,
      call.wanted[1]
        ? try graph.one(ConvWeightGradient(convolution, weights: graph.shape(w)), x, seed) : nil,
    ]
    if call.inputs.count > 2 {
      gradients.append(call.wanted[2] ? try graph.one(ChannelSum(), seed) : nil)
    }
    return gradients
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: (try? plan(inputs))?.operations ?? 0)
  }
}

extension Conv {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard input == 0, dimension != 1, inputs.count > 1 else { return nil }
    return dimension == 0
      ? output : convolution.reach(dimension - 2, kernel: inputs[1].extents).inputRange(of: output)
  }
}
