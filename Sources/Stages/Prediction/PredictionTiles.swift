import Grids
import Networks

/// How a field is cut into windows for a network, along one dimension. The windows do not depend on what is asked
/// for, on threads or on memory: the same cell is always computed from the same window.
///
/// Each window has the same size: a core and the halo on both sides that its output depends on. At the edge of
/// the domain the window ends where the domain ends, so that the network's padding stands where it would stand
/// for the whole field. Where the domain closes (longitude), windows go on across the seam.
struct PredictionLine: Sendable, Hashable {
  /// Cells of the field.
  let count: Int
  /// Cells of a window's core; the last one may have fewer.
  let core: Int
  let window: Int
  let halo: Int
  /// Windows go across the seam.
  let wraps: Bool

  /// - Parameters:
  ///   - tiling: how tiles must lie; nil: the output depends on the whole field.
  ///   - tile: the core that is wanted; it is made a multiple of the network's stride.
  init(count: Int, tiling: Tiling?, tile: Int, closes: Bool) {
    self.count = count
    guard let tiling else {
      (core, window, halo, wraps) = (count, count, 0, false)
      return
    }
    let core = max(tiling.stride, tile / tiling.stride * tiling.stride)
    let (window, overflow) = (2 * tiling.halo).addingReportingOverflow(core)
    if overflow || window >= count {
      (self.core, self.window, self.halo, wraps) = (count, count, 0, false)
    } else {
      (self.core, self.window, self.halo, wraps) = (core, window, tiling.halo, closes)
    }
  }

  var tiles: Int { (count + core - 1) / core }
  func core(_ tile: Int) -> Range<Int> { tile * core..<min(count, (tile + 1) * core) }

  /// The first cell of a window; below 0 where it goes across the seam.
  func start(_ tile: Int) -> Int {
    let start = tile * core - halo
    return wraps ? start : max(0, min(start, count - window))
  }

  /// The pieces of the field that a window is made of, in its order.
  func pieces(_ tile: Int) -> [Range<Int>] {
    let start = start(tile)
    guard wraps else { return [start..<start + window] }
    let first = ((start % count) + count) % count
    // A window is smaller than the field.
    return first + window <= count ? [first..<first + window] : [first..<count, 0..<first + window - count]
  }

  /// The tiles whose cores have cells of a range.
  func tiles(of range: Range<Int>) -> Range<Int> {
    range.isEmpty ? 0..<0 : range.lowerBound / core..<(range.upperBound - 1) / core + 1
  }
}
