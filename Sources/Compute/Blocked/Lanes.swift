import Tensors

/// Which channel each lane of a blocked value holds.
///
/// A blocked value has the shape [blocks, images, rows, columns, 16]: block b holds 16 channels of each pixel next to
/// each other. Channels lie in runs, each of which begins with a block of its own; the lanes behind the last channel
/// of a run hold finite numbers that mean nothing. So a concatenation along the channels is one along the blocks.
struct Lanes: Sendable, Hashable {
  static let width = 16
  /// The channels of each run; all but the last are no multiple of 16 (such runs are joined with the next).
  let runs: [Int]

  init(_ runs: [Int]) {
    var joined: [Int] = []
    for run in runs {
      if let last = joined.last, last % Self.width == 0 {
        joined[joined.count - 1] = last + run
      } else {
        joined.append(run)
      }
    }
    self.runs = joined
  }

  init(channels: Int) { self.init([channels]) }

  var channels: Int { runs.reduce(0, +) }
  var blocks: Int { runs.reduce(0) { $0 + Self.blocks($1) } }
  /// Lane l is channel l.
  var isPlain: Bool { runs.count == 1 }

  static func blocks(_ channels: Int) -> Int { (channels + width - 1) / width }

  /// For each run its first channel, channels, first block.
  var parts: [(channel: Int, channels: Int, block: Int)] {
    var (channel, block) = (0, 0)
    return runs.map { run in
      defer { (channel, block) = (channel + run, block + Self.blocks(run)) }
      return (channel, run, block)
    }
  }

  /// For each lane of all blocks its channel, -1 for none.
  var channelOfLane: [Int32] {
    var result = [Int32](repeating: -1, count: blocks * Self.width)
    for part in parts {
      for index in 0..<part.channels { result[part.block * Self.width + index] = Int32(part.channel + index) }
    }
    return result
  }

  /// For each channel its lane.
  var laneOfChannel: [Int] {
    parts.flatMap { part in (0..<part.channels).map { part.block * Self.width + $0 } }
  }

  var description: String { runs.map(String.init).joined(separator: "+") }
}

extension Shape {
  /// Blocks of a value of this shape [images, channels, rows, columns].
  func inBlocks(_ lanes: Lanes) throws(OperatorError) -> Shape {
    guard rank == 4, extents[1] == lanes.channels else {
      throw OperatorError("\(self) is no image of \(lanes.channels) channels")
    }
    return try .made([lanes.blocks, extents[0], extents[2], extents[3], Lanes.width])
  }

  /// The plain shape of a blocked value.
  func fromBlocks(_ lanes: Lanes) throws(OperatorError) -> Shape {
    guard rank == 5, extents[4] == Lanes.width, extents[0] == lanes.blocks else {
      throw OperatorError("\(self) does not hold blocks of the channels \(lanes.description)")
    }
    return try .made([extents[1], lanes.channels, extents[2], extents[3]])
  }
}

extension Operand {
  /// Calls `body(plain, blocked)` with the places of each number of an image in a plain and in this blocked value.
  @inline(__always)
  func forEachChannel(_ lanes: Lanes, _ body: (_ plain: Int, _ blocked: Int) -> Void) {
    let (images, pixels) = (shape[1], shape[2] * shape[3])
    for (channel, lane) in lanes.laneOfChannel.enumerated() {
      let (block, inside) = (lane / Lanes.width, lane % Lanes.width)
      for image in 0..<images {
        let plain = (image * lanes.channels + channel) * pixels
        let blocked = (block * images + image) * pixels * Lanes.width + inside
        for pixel in 0..<pixels { body(plain + pixel, blocked + pixel * Lanes.width) }
      }
    }
  }
}
