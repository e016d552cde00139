import Kernels
import Tensors

/// `ConvWeightGradient` from blocked values: inputs x and the gradient of the output; the result is plain weights.
struct BlockedWeightGradient: Operator {
  static let name = "BlockedWeightGradient"
  enum Way: Sendable, Hashable {
    case winograd, direct, depthwise
    /// Few channels, x is plain; few filters, the gradient of the output is.
    case first, last
  }
  let plan: ConvolutionPlan
  let way: Way

  /// Without Winograd where that is not wanted or slower; nil where no kernel computes it.
  init?(_ plan: ConvolutionPlan, _ options: LayoutOptions) {
    for way in [Way.depthwise, .winograd, .direct] {
      if way == .winograd, options.precision == .exact || !Self.winogradPays(plan) { continue }
      if let made = Self(plan, way: way) {
        self = made
        return
      }
    }
    return nil
  }

  init?(_ plan: ConvolutionPlan, way: Way) {
    guard plan.rank == 2, plan.batch > 0, Native(plan, way) != nil else { return nil }
    (self.plan, self.way) = (plan, way)
  }

  /// Whether products of transformed tiles need less time than those of all pixels (in the units of
  /// `ConvolutionChoice`): sums that leave the second-level cache on their way are what few tiles wait for.
  private static func winogradPays(_ plan: ConvolutionPlan) -> Bool {
    guard plan.channels >= 16, plan.filters >= 16 else { return false }
    let cells = plan.window.output
    let (deep, wide) = (
      Double(Lanes.blocks(plan.channels) * Lanes.width), Double(Lanes.blocks(plan.filters) * Lanes.width)
    )
    let tiles = Double(plan.batch * ((cells[1] + 3) / 4) * ((cells[2] + 3) / 4))
    let sums = 36 * deep * wide
    let tiled =
      tiles * (2 * 36 * deep * wide / 0.9 + 36 * (deep + wide) * 12) + (sums > 131072 ? 200 : 20) * sums
    let taps = Double(plan.window.kernelCount)
    let direct = taps * deep * wide * (2 * Double(plan.batch * plan.window.outputCount) / 0.9 + 30)
    return tiled < direct
  }

  var detail: String {
    let name =
      switch way {
      case .winograd: "Winograd F(4x4)"
      case .direct: "direct"
      case .depthwise: "depthwise"
      case .first: "direct from plain"
      case .last: "direct, plain gradient"
      }
    return "kernel \(plan.window.kernel[1])x\(plan.window.kernel[2]), \(name)"
  }

  private var lanes: (x: Lanes, y: Lanes) {
    (Lanes(channels: plan.groups * plan.channels), Lanes(channels: plan.groups * plan.filters))
  }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 2)
    let x = way == .first ? try plan.inputShape() : try plan.inputShape().inBlocks(lanes.x)
    let y = way == .last ? try plan.outputShape() : try plan.outputShape().inBlocks(lanes.y)
    guard inputs == [x, y] else { throw OperatorError("\(inputs[0]) and \(inputs[1]) are not \(x) and \(y)") }
    return [try plan.weightShape()]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let (xShape, yShape) = try? (plan.inputShape(), plan.outputShape()) else { return }
    var (x, y) = ([T](repeating: 0, count: xShape.count), [T](repeating: 0, count: yShape.count))
    if way == .first {
      for index in x.indices { x[index] = inputs[0][index] }
    } else {
      inputs[0].forEachChannel(lanes.x) { x[$0] = inputs[0][$1] }
    }
    if way == .last {
      for index in y.indices { y[index] = inputs[1][index] }
    } else {
      inputs[1].forEachChannel(lanes.y) { y[$0] = inputs[1][$1] }
    }
    unsafe x.withUnsafeMutableBufferPointer { x in
      unsafe y.withUnsafeMutableBufferPointer { y in
        unsafe plan.referenceWeightGradient(Operand(xShape, x), Operand(yShape, y), outputs[0])
      }
    }
  }

  /// The kernels' plan.
  private struct Native {
    enum Kind {
      case winograd(isotach_winograd_gradient)
      case direct(isotach_general_gradient)
      case depthwise(isotach_depthwise)
      case border(isotach_border_gradient)
    }
    let kind: Kind
    let shared: Int
    /// Pieces of each phase.
    let pieces: [Int]

    init?(_ plan: ConvolutionPlan, _ way: Way) {
      var shape = unsafe plan.nativeShape
      switch way {
      case .winograd:
        var native = unsafe isotach_winograd_gradient()
        guard unsafe isotach_winograd_gradient_plan(&shape, &native) == 1 else { return nil }
        shared = Int(unsafe isotach_winograd_gradient_shared(&native))
        var pieces: [Int] = []
        for phase in 0..<(unsafe isotach_winograd_gradient_phases(&native)) {
          pieces.append(Int(unsafe isotach_winograd_gradient_pieces(&native, phase)))
        }
        self.pieces = pieces
        kind = .winograd(native)
      case .direct:
        var native = unsafe isotach_general_gradient()
        guard unsafe isotach_general_gradient_plan(&shape, &native) == 1 else { return nil }
        shared = Int(unsafe isotach_general_gradient_shared(&native))
        var pieces: [Int] = []
        for phase in 0..<(unsafe isotach_general_gradient_phases(&native)) {
          pieces.append(Int(unsafe isotach_general_gradient_pieces(&native, phase)))
        }
        self.pieces = pieces
        kind = .direct(native)
      case .depthwise:
        var native = unsafe isotach_depthwise()
        guard unsafe isotach_depthwise_plan(&shape, &native) == 1 else { return nil }
        (shared, pieces) = (0, [Lanes.blocks(plan.groups)])
        kind = .depthwise(native)
      case .first, .last:
        var native = unsafe isotach_border_gradient()
        guard unsafe isotach_border_gradient_plan(&shape, way == .last ? 1 : 0, &native) == 1 else {
          return nil
        }
        shared = Int(unsafe isotach_border_gradient_shared(&native))
        var pieces: [Int] = []
        for phase in 0..<(unsafe isotach_border_gradient_phases(&native)) {
          pieces.append(Int(unsafe isotach_border_gradient_pieces(&native, phase)))
        }
        self.pieces = pieces
        kind = .border(native)
      }
    }

    func run(
      _ phase: Int, _ piece: Int, _ from: NativeValue, _ seed: NativeValue,
      _ w: UnsafeMutablePointer<Float>, _ memory: UnsafeMutablePointer<Float>
    ) {
      let (phase, piece) = (Int64(phase), Int64(piece))
      var (x, y) = unsafe (from.blocked, seed.blocked)
      switch kind {
      case .winograd(var native):
        unsafe isotach_winograd_gradient_run(&native, phase, piece, &x, &y, w, memory)
      case .direct(var native):
        unsafe isotach_general_gradient_run(&native, phase, piece, &x, &y, w, memory)
      case .depthwise(var native):
        unsafe isotach_depthwise_gradient(&native, &x, &y, w, piece, piece + 1)
      case .border(var native):
        if native.is_last == 1 {
          unsafe isotach_border_gradient_run(
            &native, phase, piece, seed.plain, Int64(seed.imageStep), &x, w, memory)
        } else {
          unsafe isotach_border_gradient_run(
            &native, phase, piece, from.plain, Int64(from.imageStep), &y, w, memory)
        }
      }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let native = Native(plan, way) else { return }
    let job = SendableBox(native)
    let (x, y, w) = (NativeValue(inputs[0]), NativeValue(inputs[1]), outputs[0])
    for (phase, pieces) in native.pieces.enumerated() {
      run.parallel(pieces) { piece in
        guard let base = unsafe run.workspace.baseAddress else { return }
        unsafe job.value.run(phase, piece, x, y, w.pointer, base.assumingMemoryBound(to: Float.self))
      }
    }
  }

  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    max(64, (Native(plan, way)?.shared ?? 0) * MemoryLayout<Float>.stride)
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: plan.operations) }
}

/// Plans of kernels hold pointers to nothing that changes.
@safe struct SendableBox<T>: @unchecked Sendable {
  let value: T
  init(_ value: T) { self.value = value }
}

extension ConvolutionPlan {
  /// For the kernels, with lane l for channel l.
  var nativeShape: isotach_convolution {
    var shape = unsafe isotach_convolution()
    shape.images = Int64(batch)
    (shape.channels, shape.filters, shape.groups) = (
      Int64(groups * channels), Int64(groups * filters), Int64(groups)
    )
    (shape.height, shape.width) = (Int64(window.input[1]), Int64(window.input[2]))
    (shape.out_height, shape.out_width) = (Int64(window.output[1]), Int64(window.output[2]))
    (shape.kernel_y, shape.kernel_x) = (Int64(window.kernel[1]), Int64(window.kernel[2]))
    (shape.stride_y, shape.stride_x) = (Int64(window.stride[1]), Int64(window.stride[2]))
    (shape.dilation_y, shape.dilation_x) = (Int64(window.dilation[1]), Int64(window.dilation[2]))
    (shape.before_y, shape.before_x) = (Int64(window.before[1]), Int64(window.before[2]))
    return unsafe shape
  }
}

/// `ChannelSum` of a blocked value: the result is plain.
struct BlockedChannelSum: Operator {
  static let name = "BlockedChannelSum"
  let channels: Int

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    _ = try inputs[0].fromBlocks(Lanes(channels: channels))
    return [try .made([channels])]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let shape = inputs[0].shape
    let pixels = shape[2] * shape[3]
    var sums = [Double](repeating: 0, count: channels)
    inputs[0].forEachChannel(Lanes(channels: channels)) {
      sums[$0 / pixels % channels] += Double(inputs[0][$1])
    }
    for channel in 0..<channels { outputs[0][channel] = T(sums[channel]) }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y, channels) = (inputs[0], outputs[0], channels)
    run.parallel(x.shape[0]) { block in
      var from = unsafe x.native
      unsafe isotach_bias_gradient(&from, Int64(channels), y.pointer, Int64(block), Int64(block) + 1)
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noGradientInBlocks(call)
  }
}
