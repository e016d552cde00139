import Tensors

/// Transposed convolution in one to three dimensions, the adjoint of `Conv` with the same weights: inputs
/// x (batch, channels, space), w (channels, filters / groups, kernel) and, optionally, a bias (filters).
///
/// Along each dimension the output has (input - 1) stride + (kernel - 1) dilation + 1 + output padding - padding in
/// front - padding behind. Source: ONNX ConvTranspose.
public struct ConvTranspose: TakesActivation {
  public static let name = "ConvTranspose"
  public let convolution: Convolution
  public var activation: Activation?
  /// Cells more at the end of each dimension; empty means none. Below the stride or the dilation.
  public let outputPadding: [Int]

  public init(
    strides: [Int] = [], dilations: [Int] = [], pads: [Int] = [], outputPadding: [Int] = [], groups: Int = 1
  ) {
    convolution = .init(strides: strides, dilations: dilations, pads: pads, groups: groups)
    self.outputPadding = outputPadding
  }

  public var detail: String {
    let extra =
      outputPadding.contains { $0 != 0 }
      ? ["output padding " + outputPadding.map(String.init).joined(separator: "x")] : []
    return detail(([convolution.detail()] + extra).filter { !$0.isEmpty }.joined(separator: ", "))
  }

  /// The plan of the convolution that this is the adjoint of.
  func plan(_ inputs: [Shape]) throws(OperatorError) -> ConvolutionPlan {
    guard inputs.count == 2 || inputs.count == 3 else {
      throw OperatorError("needs an input, weights and possibly a bias, found \(inputs.count) inputs")
    }
    let (x, w) = (inputs[0], inputs[1])
    let rank = w.rank - 2
    guard (1...3).contains(rank), x.rank == w.rank else {
      throw OperatorError(
        "the input \(x) needs batch, channels and as many spatial dimensions (1 to 3) as the weights \(w)")
    }
    guard x[1] == w[0] else {
      throw OperatorError("the weights \(w) expect \(w[0]) channels, the input has \(x[1])")
    }
    let groups = convolution.groups
    guard groups >= 1, x[1] % groups == 0 else {
      throw OperatorError("\(x[1]) channels cannot be split into \(groups) groups")
    }
    let (filters, overflow) = w[1].multipliedReportingOverflow(by: groups)
    guard !overflow, filters > 0 else { throw OperatorError("the weights \(w) make no channel") }
    if inputs.count == 3 {
      guard inputs[2].extents == [filters] else {
        throw OperatorError("the bias \(inputs[2]) needs one number for each of \(filters) filters")
      }
    }
    let extents = try convolution.transposedExtents(
      input: x, kernel: Array(w.extents[2...]), outputPadding: outputPadding)
    let output: Shape
    do { output = try Shape([x[0], filters] + extents) } catch { throw OperatorError(error) }
    return try convolution.adjointPlan(input: output, weights: w, output: x)
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    [try plan(inputs).inputShape()]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let plan = try? plan(inputs.map(\.shape)) else { return }
    plan.referenceInputGradient(inputs[0], inputs[1], bias: inputs.count > 2 ? inputs[2] : nil, outputs[0])
    activation?.reference(outputs[0])
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let plan = try? plan(inputs.map(\.shape)) else { return }
    plan.inputGradient(
      inputs[0], inputs[1], bias: inputs.count > 2 ? inputs[2] : nil, outputs[0], run,
      activation: activation)
  }

  public func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    (try? plan(inputs))?.inputGradientWorkspace(threads: threads) ?? 0
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    try expectNoActivation(call)
    guard let seed = seeds[0] else { return call.inputs.map { _ in nil } }
    let (x, w) = (call.inputs[0], call.inputs[1])
    var gradients: [Value?] = [
      call.wanted[0]
        ? try graph.one(Conv(convolution, extents: Array(graph.shape(x).extents[2...])), seed, w) : nil,
      call.wanted[1]
        ? try graph.one(ConvWeightGradient(convolution, weights: graph.shape(w)), seed, x) : nil,
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

extension ConvTranspose {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard input == 0, dimension != 1, inputs.count > 1 else { return nil }
    return dimension == 0
      ? output : convolution.reach(dimension - 2, kernel: inputs[1].extents).transposedRange(of: output)
  }
}
