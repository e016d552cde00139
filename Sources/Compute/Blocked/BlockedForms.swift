import Tensors

/// An input of a node that may be computed in blocks.
struct BlockedOperand {
  let shape: Shape
  /// nil: plain so far.
  let lanes: Lanes?
  /// No number in the lanes without a channel is larger.
  let rest: Double

  /// As it is, or as it would be converted.
  var lanesIfConverted: Lanes? { lanes ?? (shape.rank == 4 ? Lanes(channels: shape[1]) : nil) }
}

/// The operator that does on blocked values what another does on plain ones.
struct OperatorInBlocks {
  let op: any Operator
  /// Of the first output; nil: it is plain, as all others are.
  let lanes: Lanes?
  /// The bound of what the lanes without a channel hold then.
  let rest: Double
  /// Inputs that are read as they are.
  let staysPlain: [Bool]

  init(_ op: any Operator, _ lanes: Lanes?, rest: Double = 0, staysPlain: [Bool] = [false]) {
    (self.op, self.lanes, self.rest, self.staysPlain) = (op, lanes, rest, staysPlain)
  }
}

extension Operator {
  /// Whether there may be such an operator.
  var mayBeInBlocks: Bool {
    switch self {
    case is any UnaryOperator, is Identity, is Add, is Sub, is Mul, is Max, is Min, is Concat, is MaxPool,
      is AveragePool, is GlobalAveragePool, is GlobalMaxPool, is Pad, is Resize, is LRN:
      true
    default: mayBeGradientInBlocks
    }
  }

  /// The same on blocked values; nil when there is no such operator.
  ///
  /// Most need none of their own: what works on each number, or on the rows and columns of each channel, does so on
  /// [blocks, images, rows, columns, 16] as well when it leaves the last dimension alone.
  func inBlocks(_ inputs: [BlockedOperand], _ options: LayoutOptions) -> OperatorInBlocks? {
    guard let first = inputs.first, let lanes = inputs.lazy.compactMap(\.lanesIfConverted).first else {
      return nil
    }
    switch self {
    case let function as any UnaryOperator:
      guard let rest = function.bound(first.rest) else { return nil }
      return OperatorInBlocks(self, lanes, rest: rest)
    case is Identity: return OperatorInBlocks(self, lanes, rest: first.rest)
    case is Add, is Sub, is Mul, is Max, is Min: return pairInBlocks(inputs)
    case let concat as Concat:
      guard concat.axis == 1 || concat.axis == -3, !inputs.isEmpty else { return nil }
      let all = inputs.compactMap(\.lanesIfConverted)
      guard all.count == inputs.count else { return nil }
      return OperatorInBlocks(
        Concat(axis: 0), Lanes(all.flatMap(\.runs)), rest: inputs.map(\.rest).max { abs($0) < abs($1) } ?? 0,
        staysPlain: inputs.map { _ in false })
    case let pool as MaxPool:
      guard !pool.indices, let op = BlockedPool(.max, pool.window) else { return nil }
      return OperatorInBlocks(op, lanes, rest: first.rest)
    case let pool as AveragePool:
      guard let op = BlockedPool(pool.countIncludesPadding ? .averageWithPadding : .average, pool.window)
      else {
        return nil
      }
      return OperatorInBlocks(op, lanes, rest: first.rest)
    case is GlobalAveragePool:
      return OperatorInBlocks(BlockedGlobalPool(isMaximum: false), lanes, rest: first.rest)
    case is GlobalMaxPool:
      return OperatorInBlocks(BlockedGlobalPool(isMaximum: true), lanes, rest: first.rest)
    case let lrn as LRN:
      // The squares in the lanes behind the last channel count.
      guard lanes.isPlain, first.rest == 0 || lanes.isFull, let op = BlockedLRN(lrn, channels: lanes.channels)
      else { return nil }
      return OperatorInBlocks(op, lanes, rest: first.rest)
    case let pad as Pad:
      if let op = BlockedPad(pad) { return OperatorInBlocks(op, lanes, rest: first.rest) }
      guard pad.axes.count == 4, pad.axes[0] == .none, pad.axes[1] == .none else { return nil }
      return OperatorInBlocks(
        Pad([.none, .none, pad.axes[2], pad.axes[3], .none], value: pad.value), lanes,
        rest: max(abs(first.rest), abs(pad.value)))
    case let resize as Resize:
      guard let op = resize.inBlocks(first.shape) else { return nil }
      return OperatorInBlocks(
        BlockedResize(resize: op), lanes, rest: 4 * max(first.rest, abs(resize.extrapolation)))
    default: return gradientInBlocks(inputs, options)
    }
  }

  /// Two images of the same channels, of which one may be a single pixel; or an image and a number.
  private func pairInBlocks(_ inputs: [BlockedOperand]) -> OperatorInBlocks? {
    guard inputs.count == 2 else { return nil }
    let isNumber = inputs.map { $0.shape.count == 1 && $0.lanes == nil }
    let all = zip(inputs, isNumber).compactMap { $1 ? nil : $0 }
    guard let lanes = all[0].lanesIfConverted, all.allSatisfy({ $0.lanesIfConverted == lanes }) else {
      return nil
    }
    // What a plain number is nobody knows here.
    guard !isNumber.contains(true) || lanes.isFull else { return nil }
    let (a, b) = (inputs[0].rest, inputs[1].rest)
    let rest: Double =
      switch self {
      case is Add, is Sub: a + b
      case is Mul: a * b
      default: max(a, b)
      }
    return OperatorInBlocks(self, lanes, rest: rest, staysPlain: isNumber)
  }
}

extension UnaryOperator {
  /// A bound of |f(x)| for |x| up to another bound, for functions that grow no faster than x and have no pole; nil for
  /// others (`Exp`, `Log`...).
  func bound(_ x: Double) -> Double? {
    switch self as any UnaryOperator {
    case is Relu, is LeakyRelu, is Clip, is ThresholdedRelu, is Abs, is Neg, is Elu, is Celu, is Selu,
      is Gelu,
      is Swish, is Mish, is HardSwish, is HardSigmoid, is Sigmoid, is Tanh, is Softplus, is Softsign, is Erf,
      is Sin, is Cos:
      // Each is monotone, or within 1 where it is not.
      max(1, abs(apply(-x)), abs(apply(0)), abs(apply(x)))
    default: nil
    }
  }
}

extension Lanes {
  /// Every lane holds a channel.
  var isFull: Bool { runs.allSatisfy { $0 % Self.width == 0 } }
}

extension Resize {
  /// Of rows and columns.
  fileprivate func inBlocks(_ shape: Shape) -> Resize? {
    let axes = (axes ?? Array(0..<shape.rank)).map { $0 < 0 ? $0 + shape.rank : $0 }
    var (kept, positions): ([Int], [Int]) = ([], [])
    for (position, axis) in axes.enumerated() {
      if axis >= 2 {
        kept.append(axis)
        positions.append(position)
        continue
      }
      // Images and channels may be named when they stay as they are.
      let stays =
        switch target {
        case .scales(let scales): scales.indices.contains(position) && scales[position] == 1
        case .sizes(let sizes): sizes.indices.contains(position) && sizes[position] == shape[axis]
        }
      guard stays, coordinates != .tfCropAndResize else { return nil }
    }
    guard shape.rank == 4, !kept.isEmpty else { return nil }
    let target: Target =
      switch target {
      case .scales(let scales): .scales(positions.map { scales[$0] })
      case .sizes(let sizes): .sizes(positions.map { sizes[$0] })
      }
    return Resize(
      target, axes: kept, mode: mode, coordinates: coordinates, rounding: rounding,
      cubicCoefficient: cubicCoefficient, excludesOutside: excludesOutside, antialias: antialias,
      region: coordinates == .tfCropAndResize ? positions.map { region[$0] } : region,
      extrapolation: extrapolation)
  }
}
