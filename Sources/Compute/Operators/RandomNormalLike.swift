import Tensors

/// Normal numbers of mean 0 and deviation 1, of the extents of the input but for the channels (axis 1). The input's
/// numbers do not matter, so it gets no gradient.
///
/// Draws are a function of the run's seed and step and of `stream`, as for `Dropout`: the same forward and for any
/// threads.
public struct RandomNormalLike: Operator {
  public static let name = "RandomNormalLike"
  public let channels: Int
  public let stream: UInt32

  public init(channels: Int, stream: UInt32) { (self.channels, self.stream) = (channels, stream) }
  public var detail: String { "\(channels) channels, stream \(stream)" }
  public var isRandom: Bool { true }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(1)
    guard inputs[0].rank >= 2 else { throw OperatorError("needs batch and channels, found \(inputs[0])") }
    guard channels >= 1 else { throw OperatorError("needs a channel or more, found \(channels)") }
    var extents = inputs[0].extents
    extents[1] = channels
    return [try .made(extents)]
  }

  private func random(_ step: StepContext) -> RandomStream { step.random(0x4017, stream) }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let random = random(step)
    for index in 0..<outputs[0].count { outputs[0][index] = T(Float(random.normal(at: UInt64(index)))) }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ context: RunContext) {
    let (y, random) = (outputs[0], random(context.step))
    context.parallel(over: y.count, grain: 2048) { range in
      var numbers = unsafe MutableSpan(
        _unsafeElements: UnsafeMutableBufferPointer(start: y.pointer + range.lowerBound, count: range.count))
      random.fillNormal(&numbers, first: UInt64(range.lowerBound))
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    [nil]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(outputs[0].count) * 40)
  }
}
