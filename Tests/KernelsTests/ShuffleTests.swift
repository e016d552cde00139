import Kernels
import Testing

@Suite struct ShuffleTests {
  @Test(arguments: [1, 2, 3, 4, 8, 12])
  func fastEqualsReference(elementSize: Int) {
    var random = SystemRandomNumberGenerator()
    for bytes in [0, 1, 3, 4, 31, 127, 128, 129, 4 * 31, 4 * 32, 4 * 33, 1000, 4096 + 5] {
      let source = (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
      // One byte more on each side shows writes outside.
      var fast = [UInt8](repeating: 0xaa, count: bytes + 2)
      var plain = fast
      fast.withUnsafeMutableBufferPointer { fast in
        plain.withUnsafeMutableBufferPointer { plain in
          guard let fast = fast.baseAddress, let plain = plain.baseAddress else { return }
          isotach_shuffle(fast + 1, source, bytes, elementSize)
          isotach_shuffle_reference(plain + 1, source, bytes, elementSize)
        }
      }
      #expect(fast == plain, "\(bytes) bytes of \(elementSize)")
      #expect(plain.first == 0xaa && plain.last == 0xaa)
    }
  }

  @Test func planesAreInOrder() {
    let source: [UInt8] = [1, 2, 3, 4, 11, 12, 13, 14, 99]
    var target = [UInt8](repeating: 0, count: 9)
    isotach_shuffle(&target, source, 9, 4)
    #expect(target == [1, 11, 2, 12, 3, 13, 4, 14, 99])
  }
}
