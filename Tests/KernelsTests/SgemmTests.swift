import Kernels
import Testing

@Suite struct SgemmTests {
  typealias Product =
    @convention(c) (
      Int32, Int32, Int64, Int64, Int64, Float, UnsafePointer<Float>?, Int64, UnsafePointer<Float>?, Int64,
      Float,
      UnsafeMutablePointer<Float>?, Int64
    ) -> Void

  static let sizes: [(Int, Int, Int)] = [
    (1, 1, 1), (1, 7, 3), (5, 1, 9), (12, 32, 16), (13, 33, 17), (3, 100, 2), (97, 49, 257), (30, 500, 300),
    (8, 70, 99),
    (16, 11, 130), (7, 5, 15), (9, 4, 64),
    (4, 6, 0), (0, 3, 2), (3, 0, 2),
  ]

  @Test(arguments: sizes)
  func equalsReference(m: Int, n: Int, k: Int) {
    for (alpha, beta): (Float, Float) in [(1, 0), (0.5, 1), (-2, 0.25)] {
      for transposeA in [false, true] {
        for transposeB in [false, true] {
          // Leading dimensions above the least, and marked gaps.
          let lda = (transposeA ? m : k) + 2
          let ldb = (transposeB ? k : n) + 1
          let ldc = n + 3
          let a = numbers(lda * ((transposeA ? k : m) + 1), 1)
          let b = numbers(ldb * ((transposeB ? n : k) + 1), 2)
          // What beta 0 must not read.
          let c = beta == 0 ? [Float](repeating: .nan, count: ldc * (m + 1)) : numbers(ldc * (m + 1), 3)
          func run(_ product: Product) -> [Float] {
            var result = c
            product(
              transposeA ? 1 : 0, transposeB ? 1 : 0, Int64(m), Int64(n), Int64(k), alpha, a, Int64(lda), b,
              Int64(ldb), beta, &result, Int64(ldc))
            return result
          }
          let expected = run(isotach_sgemm_reference)
          for found in [run(isotach_sgemm), run(isotach_sgemm_own)] {
            for i in found.indices {
              let inside = i / max(1, ldc) < m && i % max(1, ldc) < n
              if inside {
                #expect(
                  abs(found[i] - expected[i]) <= 1e-5 * (1 + abs(expected[i])), "\(m) \(n) \(k) at \(i)")
              } else {
                #expect(found[i].bitPattern == c[i].bitPattern, "written outside: \(i)")
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: sizes) func fewRows(m: Int, n: Int, k: Int) {
    guard m <= ISOTACH_THIN, m > 0, n > 0, k > 0 else { return }
    let (a, b, c) = (numbers(m * (k + 1), 1), numbers(n * (k + 2), 2), numbers(m * (n + 3), 3))
    for level in cpuLevels {
      for (alpha, beta): (Float, Float) in [(1, 0), (-2, 0.25)] {
        var (expected, found) = (c, c)
        if beta == 0 { found = found.map { _ in .nan } }
        isotach_sgemm_reference(
          0, 1, Int64(m), Int64(n), Int64(k), alpha, a, Int64(k + 1), b, Int64(k + 2), beta, &expected,
          Int64(n + 3))
        atLevel(level) {
          isotach_dense(
            Int64(m), Int64(n), Int64(k), alpha, a, Int64(k + 1), b, Int64(k + 2), beta, &found, Int64(n + 3))
        }
        for i in 0..<m {
          for j in 0..<n {
            let (x, y) = (found[i * (n + 3) + j], expected[i * (n + 3) + j])
            #expect(abs(x - y) <= 1e-5 * (1 + abs(y)), "level \(level), \(m) \(n) \(k) at \(i) \(j)")
          }
        }
      }
    }
  }

  /// Debian's OpenBLAS is a package of the project: where it is installed it must be used.
  @Test func nameIsKnown() {
    let name = isotach_blas_name().map { String(cString: $0) }
    if let name { #expect(name.contains("OpenBLAS")) }
  }

  func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    isotach_philox_uniform(seed, 0, 0, &values, Int64(count))
    return values.map { $0 - 0.5 }
  }
}
