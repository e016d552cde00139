import Tensors

/// The gradient of a function of each number, of blocked values as of plain ones.
protocol PointwiseGradient: Operator { var function: any UnaryOperator { get } }
extension UnaryGradient: PointwiseGradient { var function: any UnaryOperator { op } }

extension Operator {
  /// Whether this is an operator of a training step that may work on blocked values.
  var mayBeGradientInBlocks: Bool {
    switch self {
    case is ConvWeightGradient, is ChannelSum, is BatchNormalizationTraining, is BatchNormalizationGradient,
      is MaxPoolGradient, is AveragePoolGradient, is Slice, is any PointwiseGradient:
      true
    default: false
    }
  }

  /// The operators of training steps on blocked values; lane l must be channel l in most.
  func gradientInBlocks(_ inputs: [BlockedOperand], _ options: LayoutOptions) -> OperatorInBlocks? {
    let lanes = inputs.map(\.lanesIfConverted)
    /// The lanes of an image that has no others between.
    func plain(_ position: Int) -> Lanes? {
      guard lanes.indices.contains(position), let one = lanes[position], one.isPlain else { return nil }
      return one
    }
    switch self {
    case let gradient as ConvWeightGradient:
      guard plain(0) != nil, plain(1) != nil, let plan = try? gradient.plan(inputs.map(\.shape)),
        let op = BlockedWeightGradient(plan, options)
      else { return nil }
      return OperatorInBlocks(op, nil, staysPlain: [false, false])
    case is ChannelSum:
      guard let lanes = plain(0) else { return nil }
      return OperatorInBlocks(BlockedChannelSum(channels: lanes.channels), nil)
    case let norm as BatchNormalizationTraining:
      guard let lanes = plain(0), (norm.activation?.op.apply(0.0) ?? 0).isFinite else {
        return nil
      }
      return OperatorInBlocks(
        BlockedBatchNormalizationTraining(norm, channels: lanes.channels), lanes,
        rest: abs(norm.activation?.op.apply(0.0) ?? 0),
        staysPlain: [false, true, true, true, true])
    case is BatchNormalizationGradient:
      guard let lanes = plain(0), plain(4) == lanes else { return nil }
      return OperatorInBlocks(
        BlockedBatchNormalizationGradient(channels: lanes.channels), lanes,
        staysPlain: [false, true, true, true, false])
    case let gradient as MaxPoolGradient:
      guard let one = plain(0), plain(1) == one,
        let op = BlockedPoolGradient(.max, gradient.window, input: inputs[0].shape, lanes: one)
      else { return nil }
      return OperatorInBlocks(op, one, rest: 64 * inputs[1].rest, staysPlain: [false, false])
    case let gradient as AveragePoolGradient:
      guard let one = plain(0),
        let op = BlockedPoolGradient(
          gradient.pool.countIncludesPadding ? .averageWithPadding : .average, gradient.pool.window,
          input: gradient.shape, lanes: one)
      else { return nil }
      return OperatorInBlocks(op, one, rest: inputs[0].rest)
    case let slice as Slice:
      return slice.inBlocks(inputs[0])
    case let gradient as any PointwiseGradient:
      guard inputs.count == 2, inputs[0].shape == inputs[1].shape, let one = lanes[0], lanes[1] == one,
        gradient.function.bound(1) != nil
      else { return nil }
      return OperatorInBlocks(
        self, one, rest: 4 * max(1, inputs[0].rest) * inputs[1].rest, staysPlain: [false, false])
    default: return nil
    }
  }
}

extension Slice {
  /// Of channels that fill whole blocks.
  fileprivate func inBlocks(_ input: BlockedOperand) -> OperatorInBlocks? {
    guard let lanes = input.lanesIfConverted, lanes.isPlain, axes.count == 1, axes == [1] || axes == [-3],
      steps == [1], starts[0] >= 0, ends[0] > starts[0], ends[0] <= lanes.channels,
      starts[0] % Lanes.width == 0, ends[0] % Lanes.width == 0 || ends[0] == lanes.channels
    else { return nil }
    return OperatorInBlocks(
      Slice(axis: 0, starts[0] / Lanes.width, Lanes.blocks(ends[0])),
      Lanes(channels: ends[0] - starts[0]), rest: input.rest)
  }
}
