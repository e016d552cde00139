import Tensors

/// A patch of a field: which time, where its first cell lies, and how it is laid.
public struct Patch: Sendable, Hashable {
  /// Among the allowed times.
  public var time: Int
  public var row: Int
  /// Its columns go on from the first one when they pass the last.
  public var column: Int
  public var orientation: Orientation
  public init(time: Int, row: Int, column: Int, orientation: Orientation = Orientation()) {
    (self.time, self.row, self.column, self.orientation) = (time, row, column, orientation)
  }
}

/// Patches at random places inside allowed cells: each is a function of (seed, epoch, index) alone, so that a
/// training that goes on needs no more than the number of its step.
public struct PatchSampler: Sendable {
  public let seed: UInt64
  /// Indices of time steps.
  public let times: [Int]
  public let extents: (rows: Int, columns: Int)
  /// Patches of an epoch.
  public let count: Int
  private let columns: Int
  /// Cells (row x columns + column) at which a patch can begin.
  private let places: [Int32]
  private let orientations: [Orientation]

  /// - Parameters:
  ///   - steps: patches begin at whole multiples of these, as blocks of cells that stay whole do.
  ///   - wraps: the columns close a circle; patches may lie across the last one.
  ///   - isAllowed: for cell (row, column); a patch lies inside allowed cells completely.
  /// - Returns: nil when no patch finds a place, or there are more than 2^31 cells.
  public init?(
    seed: UInt64, times: [Int], rows: Int, columns: Int, extents: (rows: Int, columns: Int),
    steps: (rows: Int, columns: Int) = (1, 1), wraps: Bool = false,
    orientations: [Orientation] = [Orientation()], isAllowed: (_ row: Int, _ column: Int) -> Bool
  ) {
    let (h, w) = extents
    guard !times.isEmpty, h >= 1, w >= 1, h <= rows, w <= columns, rows <= Int(Int32.max) / columns,
      steps.rows >= 1, steps.columns >= 1
    else {
      return nil
    }
    // For each column the run of allowed cells that ends in the row, for each row the run of full columns.
    var runs = [Int](repeating: 0, count: columns)
    var places: [Int32] = []
    var allowed = 0
    for row in 0..<rows {
      for column in 0..<columns {
        let isIn = isAllowed(row, column)
        allowed += isIn ? 1 : 0
        runs[column] = isIn ? runs[column] + 1 : 0
      }
      guard row >= h - 1, (row - h + 1) % steps.rows == 0 else { continue }
      let starts = wraps ? columns : columns - w + 1
      var length = 0
      for column in 0..<(wraps ? columns + w - 1 : columns) {
        length = runs[column % columns] >= h ? length + 1 : 0
        let start = column - w + 1
        if length >= w, start >= 0, start < starts, start % steps.columns == 0 {
          places.append(Int32((row - h + 1) * columns + start))
        }
      }
    }
    guard !places.isEmpty else { return nil }
    (self.seed, self.times, self.extents, self.columns) = (seed, times, extents, columns)
    (self.places, self.orientations) = (places, orientations.isEmpty ? [Orientation()] : orientations)
    count = times.count * max(1, allowed / (h * w))
  }

  /// Bytes that it holds.
  public var bytes: Int { places.count * 4 }

  /// The patch of that number in an epoch. Over an epoch every time comes equally often.
  public func patch(epoch: Int, index: Int) -> Patch {
    let place = UInt64(bitPattern: Int64(epoch)) &* UInt64(max(1, count)) &+ UInt64(bitPattern: Int64(index))
    let positions = RandomStream(seed: seed, stream: Streams.positions)
    let turns = RandomStream(seed: seed, stream: Streams.orientations)
    let start = Int(places[Int(positions.integer(below: UInt64(places.count), at: place))])
    return Patch(
      time: times[((index % times.count) + times.count) % times.count], row: start / columns,
      column: start % columns,
      orientation: orientations[Int(turns.integer(below: UInt64(orientations.count), at: place))])
  }
}

/// The streams of random numbers of a training, each for one kind of draw.
enum Streams {
  static let order: UInt64 = 0x6f72_6465_7200_0000
  static let positions: UInt64 = 0x706c_6163_6500_0000
  static let orientations: UInt64 = 0x7475_726e_0000_0000
  static let shifts: UInt64 = 0x7368_6966_7400_0000
}

/// The order in which the samples of an epoch are taken: a permutation that is a function of (seed, epoch).
public struct BatchOrder: Sendable {
  public let seed: UInt64
  public let samples: Int
  public let batch: Int

  public init(seed: UInt64, samples: Int, batch: Int) {
    (self.seed, self.samples, self.batch) = (seed, max(1, samples), max(1, batch))
  }

  public var batchesPerEpoch: Int { (samples + batch - 1) / batch }

  /// The epoch and the samples of a step (from 0). The last batch of an epoch is filled up with its first samples.
  public func samples(ofStep step: Int) -> (epoch: Int, samples: [Int]) {
    let epoch = step / batchesPerEpoch
    let first = (step % batchesPerEpoch) * batch
    var stream = RandomStream(seed: seed, stream: Streams.order &+ UInt64(epoch))
    let order = stream.permutation(samples)
    return (epoch, (first..<first + batch).map { order[$0 % samples] })
  }
}
