#if canImport(Glibc)
  import Glibc
#endif

/// Discrete Fourier transforms of any length, by the factors of the length (Cooley and Tukey 1965).
struct Fourier {
  private let count: Int
  private let cosines: [Double]
  private let sines: [Double]

  init(_ count: Int) {
    self.count = count
    cosines = (0..<max(count, 1)).map { cos(-2 * .pi * Double($0) / Double(max(count, 1))) }
    sines = (0..<max(count, 1)).map { sin(-2 * .pi * Double($0) / Double(max(count, 1))) }
  }

  /// sum over k of x_k exp(-2 pi i j k / n).
  func transform(_ real: inout [Double], _ imaginary: inout [Double]) {
    guard count > 1, real.count == count, imaginary.count == count else { return }
    var (a, b) = (real, imaginary)
    step(real, imaginary, 0, 1, count, &a, &b, 0)
    (real, imaginary) = (a, b)
  }

  /// The transform of the n values from `start` on at that stride goes to `to` on.
  private func step(
    _ x: [Double], _ y: [Double], _ start: Int, _ stride: Int, _ n: Int, _ a: inout [Double],
    _ b: inout [Double],
    _ to: Int
  ) {
    guard n > 1 else {
      (a[to], b[to]) = (x[start], y[start])
      return
    }
    var factor = 2
    while n % factor != 0, factor * factor <= n { factor += 1 }
    if n % factor != 0 { factor = n }
    let m = n / factor
    for part in 0..<factor { step(x, y, start + part * stride, stride * factor, m, &a, &b, to + part * m) }
    var (real, imaginary) = ([Double](repeating: 0, count: factor), [Double](repeating: 0, count: factor))
    for k in 0..<m {
      for q in 0..<factor {
        let j = q * m + k
        var (re, im) = (0.0, 0.0)
        for part in 0..<factor {
          let turn = part * j % n * (count / n)
          let (u, v) = (a[to + part * m + k], b[to + part * m + k])
          re += u * cosines[turn] - v * sines[turn]
          im += u * sines[turn] + v * cosines[turn]
        }
        (real[q], imaginary[q]) = (re, im)
      }
      for q in 0..<factor { (a[to + q * m + k], b[to + q * m + k]) = (real[q], imaginary[q]) }
    }
  }

  /// |F|^2 of a map; frequencies from 0 on along both sides.
  static func power(_ values: [Double], rows: Int, columns: Int) -> [Double] {
    var (real, imaginary) = (values, [Double](repeating: 0, count: values.count))
    let (across, down) = (Fourier(columns), Fourier(rows))
    for j in 0..<rows {
      let line = j * columns..<(j + 1) * columns
      var (a, b) = (Array(real[line]), Array(imaginary[line]))
      across.transform(&a, &b)
      real.replaceSubrange(line, with: a)
      imaginary.replaceSubrange(line, with: b)
    }
    for i in 0..<columns {
      var a = (0..<rows).map { real[$0 * columns + i] }
      var b = (0..<rows).map { imaginary[$0 * columns + i] }
      down.transform(&a, &b)
      for j in 0..<rows { (real[j * columns + i], imaginary[j * columns + i]) = (a[j], b[j]) }
    }
    return real.indices.map { real[$0] * real[$0] + imaginary[$0] * imaginary[$0] }
  }
}
