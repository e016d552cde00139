import Compute
import Tensors

extension Graph {
  /// The mean of losses: sum(weights x losses) / sum(weights), of the losses' own number when there are no
  /// weights. 0 when all weights are 0.
  ///
  /// - Parameters:
  ///   - losses: of any shape.
  ///   - weights: broadcast to the shape of the losses; not negative.
  ///   - counting: what the sum below is of besides the weights, broadcast alike: weights of classes.
  public mutating func weightedMean(_ losses: Value, weights: Value?, counting: Value? = nil)
    throws(GraphError) -> Value
  {
    let shape = shape(losses)
    guard weights != nil || counting != nil else {
      return try one(Mul(), try one(SumTo(.scalar), losses), constant(1 / Double(max(1, shape.count))))
    }
    var (above, below) = (losses, counting)
    if let weights {
      try expect(weights, broadcastTo: shape)
      above = try one(Mul(), losses, weights)
      below = if let counting { try one(Mul(), counting, weights) } else { weights }
    }
    guard let below else { return above }
    let repeats = Double(shape.count) / Double(max(1, self.shape(below).count))
    let sum = try one(Mul(), try one(SumTo(.scalar), below), constant(repeats))
    // Where nothing counts, 0 over a little is 0.
    return try one(Div(), try one(SumTo(.scalar), above), try one(Clip(low: 1e-30), sum))
  }

  /// - Throws: when `value` cannot be repeated to `target`.
  func expect(_ value: Value, broadcastTo target: Shape) throws(GraphError) {
    let shape = shape(value)
    let isFit =
      shape.rank <= target.rank
      && zip(shape.extents.reversed(), target.extents.reversed()).allSatisfy { $0 == 1 || $0 == $1 }
    guard isFit else {
      throw GraphError(
        path: path, "the weights \(shape) cannot be repeated to the target \(target)",
        shapes: [shape, target])
    }
  }

  /// - Throws: when a prediction does not belong to a target: [batch, channels x `times`, ...] to [batch,
  ///   channels, ...].
  func expect(_ prediction: Value, fits target: Value, times: Int = 1, _ loss: String) throws(GraphError) {
    var expected = shape(target).extents
    if times > 1 {
      guard expected.count >= 2 else {
        throw GraphError(
          path: path, "the loss `\(loss)` needs a target [batch, channels, ...]", shapes: [shape(target)])
      }
      expected[1] *= times
    }
    guard shape(prediction).extents == expected else {
      let channels = times > 1 ? " (\(times) channels for each of the target)" : ""
      throw GraphError(
        path: path,
        "the loss `\(loss)` needs a prediction of \(expected)\(channels), found \(shape(prediction))",
        shapes: [shape(prediction), shape(target)])
    }
  }

  /// Parameter `index` of `count` of every variable, from [batch, parameters x variables, ...].
  mutating func part(_ index: Int, of count: Int, _ prediction: Value) throws(GraphError) -> Value {
    let shape = shape(prediction)
    guard shape.rank >= 2, shape[1] % count == 0 else {
      throw GraphError(
        path: path, "\(count) channels are needed for each variable", shapes: [shape])
    }
    let variables = shape[1] / count
    return try one(Compute.Slice(axis: 1, index * variables, (index + 1) * variables), prediction)
  }

  /// Numbers for the channels of a value [batch, channels, ...]; one number serves all.
  mutating func perChannel(_ numbers: [Double], of value: Value, _ key: String) throws(GraphError) -> Value {
    if numbers.count == 1 { return constant(numbers[0]) }
    let shape = shape(value)
    guard shape.rank >= 2, shape[1] == numbers.count else {
      throw GraphError(
        path: path, "`\(key)` has \(numbers.count) numbers, one for each channel is expected", shapes: [shape]
      )
    }
    return try constant(numbers, [numbers.count] + shape.extents.dropFirst(2).map { _ in 1 })
  }
}
