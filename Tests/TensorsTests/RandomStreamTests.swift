import Kernels
import Testing

@testable import Tensors

@Suite struct RandomStreamTests {
  /// The published vectors of Random123 (kat_vectors, philox4x32 10).
  @Test(arguments: [
    (
      [0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
    ),
    (
      [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
      [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
    ),
    (
      [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
      [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
    ),
  ])
  func publishedVectors(counter: [UInt32], key: [UInt32], expected: [UInt32]) {
    var words = [UInt32](repeating: 0, count: 4)
    isotach_philox(counter, key, &words)
    #expect(words == expected)
    let seed = UInt64(key[0]) | UInt64(key[1]) << 32
    let stream = UInt64(counter[2]) | UInt64(counter[3]) << 32
    let block = UInt64(counter[0]) | UInt64(counter[1]) << 32
    guard block < UInt64.max / 4 else { return }
    let random = RandomStream(seed: seed, stream: stream)
    #expect((0..<4).map { random.word(at: block * 4 + $0) } == expected)
  }

  @Test func blocksDoNotDependOnTheCut() throws {
    let random = RandomStream(seed: 42, stream: 7)
    let shape = try Shape([103])
    var whole = try Tensor(uninitialized: shape)
    var span = whole.mutableSpan
    random.fillUniform(&span)
    for first in [0, 1, 2, 3, 5, 50] {
      var part = try Tensor(uninitialized: Shape([103 - first]))
      var piece = part.mutableSpan
      random.fillUniform(&piece, first: UInt64(first))
      for k in 0..<103 - first {
        #expect(part.span[k] == whole.span[first + k])
        #expect(part.span[k] == random.uniform(at: UInt64(first + k)))
      }
    }
    var normals = whole.mutableSpan
    random.fillNormal(&normals, first: 9)
    for k in 0..<103 { #expect(whole.span[k] == Float(random.normal(at: UInt64(9 + k)))) }
  }

  @Test func momentsAreRight() {
    var random = RandomStream(seed: 1)
    let count = 20000
    var sum = 0.0
    var squares = 0.0
    var normalSum = 0.0
    var normalSquares = 0.0
    for _ in 0..<count {
      let uniform = Double(random.nextUniform())
      #expect(uniform >= 0 && uniform < 1)
      sum += uniform
      squares += uniform * uniform
      let normal = random.nextNormal()
      normalSum += normal
      normalSquares += normal * normal
    }
    let n = Double(count)
    #expect(abs(sum / n - 0.5) < 4 * (1.0 / 12 / n).squareRoot())
    #expect(abs(squares / n - 1.0 / 3) < 0.01)
    #expect(abs(normalSum / n) < 4 / n.squareRoot())
    #expect(abs(normalSquares / n - 1) < 4 * (2 / n).squareRoot())
  }

  @Test func integersAreEven() {
    var random = RandomStream(seed: 3)
    var counts = [Int](repeating: 0, count: 7)
    for index in 0..<7000 {
      counts[random.nextInteger(below: 7)] += 1
      counts[Int(random.integer(below: 7, at: UInt64(index)))] += 1
    }
    for count in counts { #expect(abs(count - 2000) < 4 * 42) }
    // A bound above half the range rejects about a third of the draws.
    let bound = UInt64(3) << 62
    for index in 0..<100 { #expect(random.integer(below: bound, at: UInt64(index)) < bound) }
    #expect(random.nextInteger(below: 0) == 0 && random.nextInteger(below: 1) == 0)
    #expect(random.integer(below: 0, at: 5) == 0)
  }

  @Test func positionIsTheState() {
    var random = RandomStream(seed: 5, stream: 2)
    for _ in 0..<13 { _ = random.nextWord() }
    var copy = RandomStream(seed: 5, stream: 2, position: random.position)
    #expect(copy.permutation(20) == random.permutation(20))
    #expect(copy.nextNormal() == random.nextNormal())
    #expect(copy == random)
    #expect(random.permutation(50).sorted() == Array(0..<50))
    var other = RandomStream(seed: 5, stream: 3)
    #expect(other.permutation(20) != RandomStream(seed: 5, stream: 2).firstPermutation(20))
  }
}

extension RandomStream {
  fileprivate func firstPermutation(_ count: Int) -> [Int] {
    var copy = self
    return copy.permutation(count)
  }
}
