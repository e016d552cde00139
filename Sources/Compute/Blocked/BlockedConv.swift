import Kernels
import Tensors

/// `Conv` or `ConvTranspose` on blocked values: y = activation(x * w + bias + residual). Inputs: x, packed weights
/// (`PackedWeights` of the same convolution) and, possibly, a residual of the shape of y, and a mask of the same shape.
///
/// With a mask, backward through a rectifier that gave the mask: the result is (x * w + bias + residual), times the
/// slope where the mask is not above 0.
struct BlockedConv: Operator {
  static let name = "BlockedConv"
  let convolution: BlockedConvolution
  var activation: Activation?
  let hasResidual: Bool
  /// Of a rectifier whose output is the last input (0: Relu); nil: there is no mask.
  let maskSlope: Double?

  init(
    _ convolution: BlockedConvolution, activation: Activation?, hasResidual: Bool = false,
    maskSlope: Double? = nil
  ) {
    (self.convolution, self.activation, self.hasResidual) = (convolution, activation, hasResidual)
    self.maskSlope = maskSlope
  }

  private var inputCount: Int { 2 + (hasResidual ? 1 : 0) + (maskSlope == nil ? 0 : 1) }

  var detail: String {
    let window = convolution.plan.window
    var parts = ["kernel \(window.kernel[1])x\(window.kernel[2])", convolution.way.description]
    if convolution.pools { parts.append("pooled 2x2") }
    if hasResidual { parts.append("residual") }
    if maskSlope != nil { parts.append("mask") }
    if let activation { parts.append(activation.detail) }
    return parts.joined(separator: ", ")
  }

  /// Each element of the residual is read before the one of the result is written.
  var overlays: [Int] { hasResidual ? [2] : [] }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, inputCount)
    let (x, y) = (try convolution.inputShape(), try convolution.outputShape())
    guard inputs[0] == x else { throw OperatorError("the input \(inputs[0]) is not \(x)") }
    guard inputs[1].extents == [convolution.packedCount] else {
      throw OperatorError("\(inputs[1]) are not the packed weights of the convolution")
    }
    guard inputs[2...].allSatisfy({ $0 == y }) else {
      throw OperatorError("the residual or mask \(inputs[2...]) is not \(y)")
    }
    guard maskSlope == nil || (activation == nil && !convolution.makesPlain) else {
      throw OperatorError("a mask needs a result in blocks without activation")
    }
    guard !convolution.pools || (!hasResidual && (activation == nil || activation?.inKernel != nil)) else {
      throw OperatorError("pooling needs an activation of the kernel, and no residual")
    }
    return [y]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let plan = convolution.plan
    guard let (xShape, yShape) = try? convolution.plainShapes(),
      let (wShape, bShape) = try? (plan.weightShape(), Shape([convolution.filters]))
    else { return }
    var (plainX, plainY) = ([T](repeating: 0, count: xShape.count), [T](repeating: 0, count: yShape.count))
    if convolution.readsPlain {
      for index in 0..<plainX.count { plainX[index] = inputs[0][index] }
    } else {
      inputs[0].forEachChannel(convolution.lanes) { plainX[$0] = inputs[0][$1] }
    }
    var packed: [T]
    if convolution.way.isRounded {
      for index in plainX.indices { plainX[index] = RoundedWeights.rounded(plainX[index]) }
      packed = RoundedWeights.read(inputs[1], weights: wShape.count, bias: bShape.count)
    } else {
      packed = unsafe Array(UnsafeBufferPointer(start: inputs[1].pointer, count: wShape.count + bShape.count))
    }
    unsafe plainX.withUnsafeMutableBufferPointer { from in
      unsafe plainY.withUnsafeMutableBufferPointer { to in
        unsafe packed.withUnsafeMutableBufferPointer { packed in
          let w = unsafe Operand(wShape, .init(rebasing: packed[..<wShape.count]))
          let bias = unsafe Operand(bShape, .init(rebasing: packed[wShape.count...]))
          let (x, y) = unsafe (Operand(xShape, from), Operand(yShape, to))
          if convolution.pools {
            plan.referenceForward(x, w, bias: bias, y)
            activation?.reference(y)
            MaxPool(PoolWindow(kernel: [2, 2])).reference([y], outputs, step)
          } else if convolution.isAdjoint {
            plan.referenceInputGradient(x, w, bias: bias, y)
          } else {
            plan.referenceForward(x, w, bias: bias, y)
          }
        }
      }
    }
    if convolution.pools { return }
    // The lanes without a channel have those of the residual.
    for index in 0..<outputs[0].count { outputs[0][index] = hasResidual ? inputs[2][index] : 0 }
    if convolution.makesPlain {
      for index in 0..<plainY.count { outputs[0][index] += plainY[index] }
    } else {
      outputs[0].forEachChannel(convolution.outputLanes) { outputs[0][$1] += plainY[$0] }
    }
    if let maskSlope, let mask = inputs.last {
      for index in 0..<mask.count where !(mask[index] > 0) { outputs[0][index] *= T(maskSlope) }
    }
    activation?.reference(outputs[0])
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, packed, y) = (inputs[0], inputs[1], outputs[0])
    let residual = hasResidual ? inputs[2] : nil
    let mask = maskSlope == nil ? nil : inputs.last
    let fused =
      maskSlope.map { KernelActivation(kind: $0 == 0 ? ISOTACH_RELU : ISOTACH_LEAKY, slope: Float($0)) }
      ?? activation?.inKernel
    let (from, to) = (NativeValue(x), NativeValue(y))
    _ = convolution.withNative { native in
      native.runAll(run) { phase, piece, shared, scratch in
        unsafe native.run(
          phase: phase, piece: piece, from, packed.pointer, fused, residual: residual, mask: mask, to,
          shared: shared, scratch: scratch)
      }
    }
    guard let activation, fused == nil else { return }
    run.parallel(over: y.count, grain: 16384) {
      unsafe activation.apply(y.pointer + $0.lowerBound, $0.count)
    }
  }

  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    max(64, convolution.workspaceBytes(threads: threads))
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }

  func inputRange(of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape])
    -> Range<Int>?
  { nil }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: convolution.plan.operations) }
}
