import Grids
import Networks

/// How a field is cut into windows for a network, along one dimension. The windows do not depend on what is asked
/// for, on threads or on memory: the same cell is always computed from the same window.
///
/// Each window has the same size: a core and what its output depends on, on both sides. At the edge of the domain the
/// window ends where the domain ends, so that the network's padding stands where it would stand for the whole field.
/// A network whose output is smaller than its input is given `crop` cells more on each side, which lie outside of the
/// field (`outside`). Where the domain closes (longitude), windows go on across the seam.
struct PredictionLine: Sendable, Hashable {
  /// Cells of the field.
  let count: Int
  /// Cells of a window's core; the last one may have fewer.
  let core: Int
  let window: Int
  /// Cells of a window in front of its core whose own output is not that of the whole field.
  let halo: Int
  /// Cells on each side of a window that the network's output does not cover.
  let crop: Int
  /// Cells of the field and of what is put around it.
  let extent: Int
  /// Windows go across the seam.
  let wraps: Bool

  /// - Parameters:
  ///   - tiling: how tiles must lie; nil: the output depends on the whole field.
  ///   - footprint: how the output lies over a window.
  ///   - fitting: a size that the network takes.
  ///   - tile: the core that is wanted; it is made a multiple of the network's stride.
  /// - Returns: nil when the sizes are too large to be counted.
  init?(count: Int, tiling: Tiling?, footprint: Footprint, fitting: Int, tile: Int, closes: Bool) {
    self.count = count
    (crop, wraps) = (footprint.crop, closes)
    let padded = 2 * crop
    guard crop <= 1 << 40, count <= 1 << 40, let tiling else {
      guard crop <= 1 << 40, count <= 1 << 40 else { return nil }
      (core, window, halo, extent) = (count, count + padded, 0, count + padded)
      return
    }
    let stride = tiling.stride
    guard stride <= 1 << 40, tiling.before <= 1 << 40, tiling.after <= 1 << 40 else { return nil }
    func whole(_ cells: Int) -> Int { (cells + stride - 1) / stride * stride }
    /// The next size from `cells` on that the network takes.
    func fitted(_ cells: Int) -> Int { cells + (((fitting - cells) % stride) + stride) % stride }
    let core = max(stride, tile / stride * stride)
    let (before, after): (Int, Int)
    if crop == 0 {
      (before, after, extent) = (tiling.halo, tiling.halo, count)
    } else {
      (before, extent) = (whole(tiling.before), fitted(count + padded))
      after = max(padded, tiling.after + (footprint.skip > 0 ? stride : 0))
    }
    let window = fitted(core + before + after)
    if window >= extent, closes, crop > 0 {
      // A window of the whole circle and more: what the network itself puts around it must not reach the core.
      (self.core, self.window, halo) = (count, fitted(count + before + after), before)
    } else if window >= extent {
      (self.core, self.window, halo) = (count, extent, 0)
    } else {
      (self.core, self.window, halo) = (core, window, before)
    }
  }

  /// Windows of a size that the network is bound to.
  /// - Returns: nil when the field cannot be made of them.
  init?(count: Int, tiling: Tiling?, footprint: Footprint, bound: Int, closes: Bool) {
    (self.count, wraps, crop, window) = (count, closes, footprint.crop, bound)
    guard count <= 1 << 40, crop <= 1 << 40 else { return nil }
    extent = count + 2 * crop
    if extent == bound {
      (core, halo) = (count, 0)
      return
    }
    // A network that does not pad is given the whole field or nothing.
    guard crop == 0, count > bound, let tiling, bound % tiling.stride == 0, tiling.halo < bound / 2,
      (bound - 2 * tiling.halo) / tiling.stride > 0
    else { return nil }
    core = (bound - 2 * tiling.halo) / tiling.stride * tiling.stride
    halo = tiling.halo
  }

  var tiles: Int { (count + core - 1) / core }
  func core(_ tile: Int) -> Range<Int> { tile * core..<min(count, (tile + 1) * core) }

  /// The field's cell under the first cell of a window; below 0 where the window begins outside of the field, or goes
  /// across the seam.
  func start(_ tile: Int) -> Int {
    let start = tile * core - halo
    return (wraps ? start : max(0, min(start, extent - window))) - crop
  }

  /// The parts of the field that a window is made of, in its order.
  func pieces(_ tile: Int) -> [Range<Int>] {
    let start = start(tile)
    guard wraps else { return [max(0, start)..<min(count, start + window)] }
    var pieces: [Range<Int>] = []
    var (first, left) = (((start % count) + count) % count, window)
    while left > 0 {
      let length = min(left, count - first)
      pieces.append(first..<first + length)
      (first, left) = (0, left - length)
    }
    return pieces
  }

  /// Cells of a window that lie outside of the field, in front of it and behind it.
  func outside(_ tile: Int) -> (before: Int, after: Int) {
    let start = start(tile)
    return wraps ? (0, 0) : (max(0, -start), max(0, start + window - count))
  }

  /// True for a cell of the field whose output depends on cells outside of the field that stand for neighbours.
  func lacksNeighbours(_ cell: Int) -> Bool { !wraps && (cell < crop || cell >= count - crop) }

  /// The tiles whose cores have cells of a range.
  func tiles(of range: Range<Int>) -> Range<Int> {
    range.isEmpty ? 0..<0 : range.lowerBound / core..<(range.upperBound - 1) / core + 1
  }
}

/// What stands for the neighbours that cells at the edge of the domain do not have, where a network does not pad.
enum PredictionEdges: String, Sendable, CaseIterable {
  /// The nearest cell of the field.
  case replicate
  /// Nothing: the cells are missing in the result.
  case missing
}
