import Tensors

/// Weights and bias of a layer that a batch normalisation follows, such that the layer alone gives the same: with
/// f = scale / sqrt(variance + epsilon) for each output channel, w f and (b - mean) f + bias.
///
/// Inputs: w, scale, bias, mean, variance and, possibly, b. Outputs: new w, new b [channels].
struct FoldedWeights: Operator {
  /// Where the output channels are in the weights.
  enum Channels: Sendable, Hashable {
    /// The first dimension (Conv; Gemm of B transposed).
    case rows
    /// The second, within each group of the first (ConvTranspose; Gemm).
    case columns(groups: Int)
  }
  static let name = "FoldedWeights"
  let channels: Channels
  let epsilon: Double

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard inputs.count == 5 || inputs.count == 6 else {
      throw OperatorError("needs 5 or 6 inputs, found \(inputs.count)")
    }
    guard inputs[0].rank >= 2 else { throw OperatorError("weights must have rows and columns") }
    let count: Int
    switch channels {
    case .rows: count = inputs[0][0]
    case .columns(let groups):
      guard groups > 0, inputs[0][0] % groups == 0 else {
        throw OperatorError("\(inputs[0][0]) channels cannot be split into \(groups) groups")
      }
      count = inputs[0][1] * groups
    }
    for other in inputs[1...] where other.extents != [count] {
      throw OperatorError("\(count) channels need [\(count)] numbers, found \(other)")
    }
    return [inputs[0], inputs[1]]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let (w, scale, bias, mean, variance) = (inputs[0], inputs[1], inputs[2], inputs[3], inputs[4])
    let (rows, columns) = (w.shape[0], w.shape[1])
    let inner = w.shape.extents.dropFirst(2).reduce(1, *)
    let factors = (0..<scale.count).map {
      Double(scale[$0]) / (Double(variance[$0]) + epsilon).squareRoot()
    }
    for row in 0..<rows {
      for column in 0..<columns {
        let channel =
          switch channels {
          case .rows: row
          case .columns(let groups): row / (rows / groups) * columns + column
          }
        let start = (row * columns + column) * inner
        for index in start..<start + inner { outputs[0][index] = T(Double(w[index]) * factors[channel]) }
      }
    }
    for channel in 0..<scale.count {
      let old = inputs.count > 5 ? Double(inputs[5][channel]) : 0
      outputs[1][channel] = T((old - Double(mean[channel])) * factors[channel] + Double(bias[channel]))
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noSecondGradient(call)
  }
}
