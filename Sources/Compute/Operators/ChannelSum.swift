import Kernels
import Tensors

/// The sum of each channel (dimension 1) over everything else: the gradient of a bias. No ONNX operator; it is
/// ReduceSum over the other dimensions.
public struct ChannelSum: Operator {
  public static let name = "ChannelSum"
  public init() {}

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard inputs.count == 1, inputs[0].rank >= 2 else { throw OperatorError("needs batch and channels") }
    do { return [try Shape([inputs[0][1]])] } catch { throw OperatorError(error) }
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let (shape, channels) = (inputs[0].shape, outputs[0].count)
    guard shape.count > 0 else { return outputs[0].fill(0) }
    let inner = shape.extents[2...].reduce(1, *)
    var sums = [Double](repeating: 0, count: channels)
    for index in 0..<shape.count { sums[index / inner % channels] += Double(inputs[0][index]) }
    for channel in 0..<channels { outputs[0][channel] = T(sums[channel]) }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let (batch, channels) = (x.shape[0], y.count)
    let inner = x.shape.extents[2...].reduce(1, *)
    run.parallel(channels) { channel in
      var sum = 0.0
      for sample in 0..<batch {
        sum += unsafe isotach_sum(x.pointer + (sample * channels + channel) * inner, Int64(inner))
      }
      y[channel] = Float(sum)
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(ChannelSpread(graph.shape(call.inputs[0])), seed)]
  }
}

/// Each number over a whole channel (dimension 1): the adjoint of `ChannelSum`.
struct ChannelSpread: Operator {
  static let name = "ChannelSpread"
  let target: Shape
  init(_ target: Shape) { self.target = target }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard inputs.count == 1, target.rank >= 2, inputs[0].extents == [target[1]] else {
      throw OperatorError("\(target) needs one number for each channel")
    }
    return [target]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let inner = target.extents[2...].reduce(1, *)
    for index in 0..<target.count { outputs[0][index] = inputs[0][index / inner % inputs[0].count] }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(ChannelSum(), seed)]
  }
}
