import Kernels
import Tensors

/// The weights of a blocked convolution in the order (and, for Winograd, the transform) in which its kernels read
/// them: follows from parameters alone, so a program prepares it once. Inputs: w and, possibly, a bias.
///
/// The reference keeps both as they are: it and the fast form of `BlockedConv` understand their own packing only.
struct PackedWeights: Operator {
  static let name = "PackedWeights"
  let convolution: BlockedConvolution
  var detail: String { convolution.way.description }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    guard inputs.count == 1 || inputs.count == 2 else {
      throw OperatorError("needs weights and possibly a bias, found \(inputs.count) inputs")
    }
    guard inputs[0].extents == (try convolution.plan.weightShape().extents) else {
      throw OperatorError("\(inputs[0]) are not the weights of the convolution")
    }
    guard inputs.count == 1 || inputs[1].extents == [convolution.filters] else {
      throw OperatorError("the bias \(inputs[1]) needs \(convolution.filters) numbers")
    }
    return [try .made([convolution.packedCount])]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    if convolution.way.isRounded {
      RoundedWeights.write(inputs[0], inputs.count > 1 ? inputs[1] : nil, outputs[0])
      return
    }
    outputs[0].fill(0)
    for index in 0..<inputs[0].count { outputs[0][index] = inputs[0][index] }
    guard inputs.count > 1 else { return }
    for index in 0..<inputs[1].count { outputs[0][inputs[0].count + index] = inputs[1][index] }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (w, y) = (inputs[0], outputs[0])
    let bias = inputs.count > 1 ? inputs[1] : nil
    _ = convolution.withNative { native in
      run.parallel(native.packRanges) { range in
        unsafe native.pack(range, w.pointer, bias.map { UnsafePointer($0.pointer) }, y.pointer)
      }
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}
