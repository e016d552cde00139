import Kernels

/// A value in the blocked layout with memory of its own, full of NaN where nothing was written.
final class BlockedValue {
  let memory: UnsafeMutableBufferPointer<Float>
  var layout: isotach_blocked
  let channels: Int

  init(channels: Int, images: Int, height: Int, width: Int, halo: (y: Int, x: Int) = (0, 0)) {
    self.channels = channels
    let sizes = [(channels + 15) / 16, images, height, width, halo.y, halo.x].map { Int64($0) }
    let count = isotach_blocked_floats(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5])
    memory = .allocate(capacity: max(1, Int(count)))
    memory.initialize(repeating: .nan)
    layout = isotach_blocked_make(
      memory.baseAddress, sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5])
  }

  /// From plain NCHW, with a halo of zeros.
  convenience init(
    _ plain: [Float], channels: Int, images: Int, height: Int, width: Int, halo: (y: Int, x: Int) = (0, 0)
  ) {
    self.init(channels: channels, images: images, height: height, width: width, halo: halo)
    isotach_blocked_pack(
      plain, Int64(channels * height * width), Int64(channels), &layout, 0, isotach_blocked_rows(&layout))
    isotach_blocked_fill_halo(&layout, 0, 0, 0, layout.blocks * layout.images)
  }

  deinit { memory.deallocate() }

  var plain: [Float] {
    let plane = Int(layout.height * layout.width)
    var result = [Float](repeating: .nan, count: Int(layout.images) * channels * plane)
    isotach_blocked_unpack(
      &layout, Int64(channels), &result, Int64(channels * plane), 0, isotach_blocked_rows(&layout))
    return result
  }
}

/// The levels that the processor has.
var cpuLevels: [Int32] { Array(0...isotach_cpu_level()) }

/// Runs a body at a level of the processor; nothing in it may suspend.
func atLevel<R>(_ level: Int32, _ body: () throws -> R) rethrows -> R {
  isotach_cpu_limit(level)
  defer { isotach_cpu_limit(2) }
  return try body()
}

func randomNumbers(_ count: Int, _ seed: UInt64) -> [Float] {
  var values = [Float](repeating: 0, count: count)
  isotach_philox_uniform(seed, 0, 0, &values, Int64(count))
  return values.map { $0 - 0.5 }
}

/// The largest difference over the largest expected value; infinite when anything is not a number.
func relativeError(_ found: [Float], _ expected: [Float]) -> Float {
  guard found.count == expected.count else { return .infinity }
  var (worst, largest): (Float, Float) = (0, 0)
  for i in found.indices {
    let difference = abs(found[i] - expected[i])
    if !(difference <= worst) { worst = difference.isNaN ? .infinity : difference }
    largest = max(largest, abs(expected[i]))
  }
  return worst / max(largest, .leastNormalMagnitude)
}
