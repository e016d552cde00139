import Tensors

/// Where the numbers of a channel lie in [batch, channels, space...].
struct ChannelLayout: Sendable {
  let batch: Int
  let channels: Int
  /// Elements of one channel of one sample.
  let plane: Int

  init(_ shape: Shape) {
    (batch, channels) = (shape.extents[0], shape.extents[1])
    plane = shape.extents.dropFirst(2).reduce(1, *)
  }

  var planes: Int { batch * channels }
  /// Numbers of each channel.
  var count: Int { batch * plane }
  /// Planes that one piece of work takes.
  var grain: Int { max(1, 16384 / max(1, plane)) }

  /// Calls `body` with the first element of each plane of a channel.
  @inline(__always)
  func forEachPlane(_ channel: Int, _ body: (Int) -> Void) {
    for sample in 0..<batch { body((sample * channels + channel) * plane) }
  }

  /// Calls `body` with each element of a channel.
  @inline(__always)
  func forEach(_ channel: Int, _ body: (Int) -> Void) {
    forEachPlane(channel) { start in for element in start..<start + plane { body(element) } }
  }

  /// to = (from - mean) factor + bias; both may be the same memory.
  static func scale(
    _ to: UnsafeMutablePointer<Float>, _ from: UnsafeMutablePointer<Float>, _ count: Int, mean: Float,
    factor: Float, bias: Float
  ) {
    for index in 0..<count { unsafe to[index] = (from[index] - mean) * factor + bias }
  }
}

extension Shape {
  /// [batch, channels, ...] with these tensors of one number a channel.
  func expectChannels(_ others: ArraySlice<Shape>, epsilon: Double) throws(OperatorError) {
    guard rank >= 2 else { throw OperatorError("needs batch and channels, found \(self)") }
    for other in others where other.extents != [extents[1]] {
      throw OperatorError("\(extents[1]) channels need [\(extents[1])] numbers, found \(other)")
    }
    guard epsilon >= 0, epsilon.isFinite else {
      throw OperatorError("epsilon must not be negative, found \(epsilon)")
    }
  }
}
