import Kernels
import Testing

@Suite struct BlockedNormalizationTests {
  static let (images, channels, height, width) = (3, 20, 5, 7)
  static let plane = height * width
  let x = randomNumbers(images * channels * plane, 1).map { $0 + 3 }
  let dy = randomNumbers(images * channels * plane, 2)
  let y = randomNumbers(images * channels * plane, 3)
  let centre = randomNumbers(channels, 4).map { $0 + 3 }

  func value(_ plain: [Float]) -> BlockedValue {
    BlockedValue(
      plain, channels: Self.channels, images: Self.images, height: Self.height, width: Self.width,
      halo: (1, 0))
  }
  func channel(_ i: Int) -> Int { i / Self.plane % Self.channels }

  /// The sums over a channel of functions of the index.
  func sums(_ body: (Int) -> Double) -> [Double] {
    var sums = [Double](repeating: 0, count: Self.channels)
    for i in x.indices { sums[channel(i)] += body(i) }
    return sums
  }

  func finish(_ value: BlockedValue, _ piece: (Int64, inout [Double]) -> Void) -> ([Double], [Double]) {
    var parts = [Double](repeating: .nan, count: Int(isotach_blocked_sum_doubles(&value.layout)))
    for number in (0..<isotach_blocked_sum_pieces(&value.layout)).reversed() { piece(number, &parts) }
    var first = [Double](repeating: .nan, count: Self.channels)
    var second = first
    isotach_blocked_sum_finish(&value.layout, Int64(Self.channels), parts, &first, &second)
    return (first, second)
  }

  func isNear(_ found: [Double], _ expected: [Double]) -> Bool {
    relativeError(found.map { Float($0) }, expected.map { Float($0) }) < 1e-6
  }

  @Test func moments() {
    for level in cpuLevels {
      atLevel(level) {
        let x0 = value(x)
        let (first, second) = finish(x0) {
          isotach_blocked_moments(&x0.layout, centre, Int64(Self.channels), $0, &$1)
        }
        #expect(isNear(first, sums { Double(x[$0] - centre[channel($0)]) }))
        #expect(
          isNear(
            second,
            sums {
              let difference = Double(x[$0] - centre[channel($0)])
              return difference * difference
            }))
      }
    }
  }

  @Test(arguments: [false, true]) func products(isMasked: Bool) {
    for level in cpuLevels {
      atLevel(level) {
        let (x0, dy0, y0) = (value(x), value(dy), value(y))
        let (first, second) = finish(x0) { piece, parts in
          withUnsafePointer(to: &y0.layout) {
            isotach_blocked_products(
              &dy0.layout, isMasked ? $0 : nil, &x0.layout, centre, Int64(Self.channels), piece, &parts)
          }
        }
        func seed(_ i: Int) -> Double { isMasked && y[i] <= 0 ? 0 : Double(dy[i]) }
        #expect(isNear(first, sums(seed)))
        #expect(isNear(second, sums { seed($0) * Double(x[$0] - centre[channel($0)]) }))
      }
    }
  }

  @Test(arguments: [false, true]) func combine(isMasked: Bool) {
    let (a, b, c) = (
      randomNumbers(Self.channels, 5), randomNumbers(Self.channels, 6), randomNumbers(Self.channels, 7)
    )
    let expected = x.indices.map { i in
      a[channel(i)] * (isMasked && y[i] <= 0 ? 0 : dy[i]) + b[channel(i)] * x[i] + c[channel(i)]
    }
    for level in cpuLevels {
      atLevel(level) {
        let (x0, dy0, y0) = (value(x), value(dy), value(y))
        let rows = isotach_blocked_rows(&dy0.layout)
        var target = dy0.layout
        withUnsafePointer(to: &y0.layout) { mask in
          for (first, last) in [(rows / 2, rows), (0, rows / 2)] {
            isotach_blocked_combine(
              &dy0.layout, isMasked ? mask : nil, &x0.layout, a, b, c, Int64(Self.channels), &target, first,
              last)
          }
        }
        #expect(relativeError(dy0.plain, expected) < 1e-6)
      }
    }
  }
}
