import Kernels
import Testing

@Suite struct BlockedLayoutTests {
  @Test(arguments: [(1, 1, 1, 1), (2, 3, 4, 16), (1, 17, 3, 35), (3, 40, 5, 7)])
  func thereAndBack(images: Int, channels: Int, height: Int, width: Int) {
    let plain = randomNumbers(images * channels * height * width, 7)
    for level in cpuLevels {
      atLevel(level) {
        let value = BlockedValue(
          plain, channels: channels, images: images, height: height, width: width, halo: (2, 1))
        #expect(value.plain == plain)
        // Where a number lies, and that the rest is zero.
        var sum: Float = 0
        for c in 0..<channels {
          let pixel = value.layout.data + c / 16 * Int(value.layout.block_step) + c % 16
          for n in 0..<images {
            for y in 0..<height {
              for x in 0..<width {
                let found = pixel[n * Int(value.layout.image_step) + y * Int(value.layout.row_step) + x * 16]
                if found != plain[((n * channels + c) * height + y) * width + x] { Issue.record("\(c)") }
                sum += abs(found)
              }
            }
          }
        }
        #expect(abs(value.memory.reduce(0) { $0 + abs($1) } - sum) < 1e-3 * (1 + sum))
      }
    }
  }

  /// Halos against pads of one row at a time, worked out by hand.
  @Test func halos() {
    let plain: [Float] = [1, 2, 3, 4, 5, 6]
    func filled(_ y: Int, _ x: Int) -> [Float] {
      let value = BlockedValue(plain, channels: 1, images: 1, height: 2, width: 3, halo: (1, 2))
      isotach_blocked_fill_halo(&value.layout, Int32(y), Int32(x), 0, 1)
      return stride(from: 0, to: value.memory.count, by: 16).map { value.memory[$0] }
    }
    let none: [Float] = [0, 0, 0, 0, 0, 0, 0]
    #expect(
      filled(ISOTACH_HALO_ZERO, ISOTACH_HALO_ZERO)
        == none + [0, 0, 1, 2, 3, 0, 0] + [0, 0, 4, 5, 6, 0, 0] + none)
    #expect(
      filled(ISOTACH_HALO_REPLICATE, ISOTACH_HALO_CIRCULAR)
        == [2, 3, 1, 2, 3, 1, 2] + [2, 3, 1, 2, 3, 1, 2] + [5, 6, 4, 5, 6, 4, 5] + [5, 6, 4, 5, 6, 4, 5])
    #expect(
      filled(ISOTACH_HALO_REFLECT, ISOTACH_HALO_REPLICATE)
        == [4, 4, 4, 5, 6, 6, 6] + [1, 1, 1, 2, 3, 3, 3] + [4, 4, 4, 5, 6, 6, 6] + [1, 1, 1, 2, 3, 3, 3])
    #expect(
      filled(ISOTACH_HALO_ZERO, ISOTACH_HALO_REFLECT)
        == none + [3, 2, 1, 2, 3, 2, 1] + [6, 5, 4, 5, 6, 5, 4] + none)
  }
}
