import Kernels
import Testing

/// The fast decoding kernels against the plain ones, bit by bit.
@Suite struct DecodeTests {
  private struct Random {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 11
    }
  }

  private static let sizes = [1, 1, 2, 2, 4, 4, 8, 8, 4, 8]

  @Test(arguments: 0..<10, [0, 1, 2, 5]) func decodeEqualsReference(_ type: Int, _ missing: Int) {
    var random = Random(state: UInt64(type * 10 + missing))
    let size = Self.sizes[type]
    for (count, sourceStride, targetStride, scaled, swap) in [
      (1, 1, 1, false, false), (31, 1, 1, true, false), (5000, 1, 1, false, true), (4099, 1, 1, true, true),
      (2500, 3, 1, false, true), (2500, 1, 2, true, false), (700, 2, -3, false, false), (9, 0, 1, true, true),
    ] {
      var bytes = (0..<(count * max(1, sourceStride) * size)).map { _ in
        UInt8(truncatingIfNeeded: random.next())
      }
      // Values that are missing should occur.
      for index in stride(from: 0, to: bytes.count - size, by: 7 * size) {
        for byte in 0..<size { bytes[index + byte] = 0 }
      }
      var decoding = isotach_decoding()
      decoding.type = Int32(type)
      decoding.swap = swap ? 1 : 0
      decoding.missing_count = Int32(missing)
      withUnsafeMutableBytes(of: &decoding.missing) { memory in
        let list = memory.bindMemory(to: Double.self)
        for index in 0..<missing { list[index] = Double(index * 3) }
      }
      decoding.minimum = scaled ? -90 : -.infinity
      decoding.maximum = .infinity
      decoding.scale = scaled ? 0.01 : 1
      decoding.offset = scaled ? 273.15 : 0
      let room = count * abs(targetStride)
      let first = targetStride < 0 ? room - 1 : 0
      func run(
        _ body: (
          UnsafePointer<isotach_decoding>?, UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<Float>?,
          Int,
          UnsafeMutablePointer<UInt8>?
        ) -> Void
      ) -> ([UInt32], [UInt8]) {
        var values = [Float](repeating: 5, count: room)
        var valid = [UInt8](repeating: 5, count: room)
        values.withUnsafeMutableBufferPointer { values in
          valid.withUnsafeMutableBufferPointer { valid in
            withUnsafePointer(to: decoding) {
              body(
                $0, bytes, sourceStride, count, values.baseAddress.map { $0 + first }, targetStride,
                valid.baseAddress.map { $0 + first })
            }
          }
        }
        return (values.map(\.bitPattern), valid)
      }
      let fast = run(isotach_decode)
      let plain = run(isotach_decode_reference)
      #expect(fast.0 == plain.0)
      #expect(fast.1 == plain.1)
      if missing > 0, count > 100, sourceStride > 0 { #expect(plain.1.contains(0)) }
    }
  }

  @Test func meaningOfNumbers() {
    var decoding = isotach_decoding()
    decoding.type = Int32(ISOTACH_FLOAT32)
    (decoding.minimum, decoding.maximum, decoding.scale, decoding.offset) = (-.infinity, .infinity, 1, 0)
    decoding.missing_count = 1
    decoding.missing.0 = Double(Float(1e20))
    let source: [Float] = [1.5, -0.0, .nan, .infinity, 1e20, -.infinity, .leastNonzeroMagnitude]
    var values = [Float](repeating: 7, count: source.count)
    var valid = [UInt8](repeating: 7, count: source.count)
    source.withUnsafeBytes {
      isotach_decode(
        &decoding, $0.bindMemory(to: UInt8.self).baseAddress, 1, source.count, &values, 1, &valid)
    }
    #expect(valid == [1, 1, 0, 0, 0, 0, 1])
    #expect(values[1].sign == .minus)
    #expect(values[2].isNaN && values[3].isNaN && values[4].isNaN && values[5].isNaN)
    #expect(values[6] == .leastNonzeroMagnitude)
  }

  @Test(arguments: [2, 3, 4, 8]) func unshuffleEqualsReference(_ size: Int) {
    var random = Random(state: UInt64(size))
    for (total, first, count) in [(1, 0, 1), (100, 0, 100), (1000, 17, 600), (65, 1, 64), (5000, 4999, 1)] {
      let planes = (0..<(total * size)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      var fast = [UInt8](repeating: 0, count: count * size)
      var plain = fast
      isotach_unshuffle(planes, total, first, count, size, &fast)
      isotach_unshuffle_reference(planes, total, first, count, size, &plain)
      #expect(fast == plain)
      #expect(plain[0] == planes[first])
      #expect(plain[count * size - 1] == planes[(size - 1) * total + first + count - 1])
    }
  }
}
