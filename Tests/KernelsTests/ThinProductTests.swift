import Kernels
import Testing

/// Products of matrices of few rows, and of few terms.
@Suite struct ThinProductTests {
  static let sizes = [
    (1, 1, 1), (3, 7, 5), (8, 130, 33), (16, 67, 16), (16, 16, 64), (7, 1030, 2), (5, 515, 1), (21, 40, 13),
    (6, 0, 3),
  ]

  @Test(arguments: sizes, [(1, 0), (0.5, 1), (-2, 0.25)] as [(Float, Float)])
  func equalsReference(size: (Int, Int, Int), factors: (Float, Float)) {
    let (m, n, k) = size
    let (alpha, beta) = factors
    for isTerms in [false, true] {
      // Few terms want few rows of a, of which m are columns.
      let terms = isTerms ? min(k, Int(ISOTACH_THIN)) : k
      let (lda, ldb, ldc) = ((isTerms ? m : terms) + 2, n + 1, n + 3)
      let a = randomNumbers(lda * ((isTerms ? terms : m) + 1), 1)
      let b = randomNumbers(ldb * (terms + 1), 2)
      // What beta 0 must not read.
      let c = beta == 0 ? [Float](repeating: .nan, count: ldc * (m + 1)) : randomNumbers(ldc * (m + 1), 3)
      var expected = c
      isotach_sgemm_reference(
        isTerms ? 1 : 0, 0, Int64(m), Int64(n), Int64(terms), alpha, a, Int64(lda), b, Int64(ldb), beta,
        &expected, Int64(ldc))
      for level in cpuLevels {
        var found = c
        atLevel(level) {
          (isTerms ? isotach_thin_terms : isotach_thin_rows)(
            Int64(m), Int64(n), Int64(terms), alpha, a, Int64(lda), b, Int64(ldb), beta, &found, Int64(ldc))
        }
        for i in found.indices {
          if i / ldc < m, i % ldc < n {
            #expect(abs(found[i] - expected[i]) <= 1e-5 * (1 + abs(expected[i])), "\(level): \(size) at \(i)")
          } else {
            #expect(found[i].bitPattern == c[i].bitPattern, "\(level): written outside: \(i)")
          }
        }
      }
    }
  }

  /// So large that it goes past the caches; rows that are no multiple of four.
  @Test func largeResult() {
    let (m, n, k) = (2051, 1040, 3)
    let (a, b) = (randomNumbers(m * k, 4), randomNumbers(k * n, 5))
    let c = UnsafeMutableBufferPointer<Float>(
      start: UnsafeMutableRawPointer.allocate(byteCount: (m + 1) * n * 4, alignment: 64)
        .bindMemory(to: Float.self, capacity: (m + 1) * n), count: (m + 1) * n)
    defer { UnsafeMutableRawPointer(c.baseAddress)?.deallocate() }
    for level in cpuLevels {
      c.initialize(repeating: .nan)
      atLevel(level) {
        isotach_thin_terms(
          Int64(m), Int64(n), Int64(k), 1, a, Int64(m), b, Int64(n), 0, c.baseAddress, Int64(n))
      }
      for place in Array(stride(from: 0, to: m * n, by: 997)) + Array((m - 1) * n - 5..<m * n) {
        let sum = (0..<k).reduce(0) { $0 + Double(a[$1 * m + place / n]) * Double(b[$1 * n + place % n]) }
        #expect(abs(Double(c[place]) - sum) < 1e-6, "level \(level): \(place)")
      }
      #expect(c[m * n].isNaN, "written behind the end")
    }
  }
}
