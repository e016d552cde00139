#if canImport(Glibc)
  import Glibc
#endif

/// Latitudes of Gaussian grids.
enum GaussianLatitudes {
  /// Larger grids are not tested for (the nodes cost `count` squared).
  static let limit = 4096

  /// True when the values are, north to south or south to north, the latitudes of the Gaussian grid with as many
  /// rows, to what float32 files keep of them.
  static func match(_ values: [Double]) -> Bool {
    let count = values.count
    guard count >= 4, count <= limit, let first = values.first, let last = values.last else { return false }
    // Steps of a Gaussian grid differ by less than a few percent; most axes are excluded here.
    guard abs(first + last) < 1e-3, abs(first) < 90, abs(first) > 90 - 180 / Double(count) else {
      return false
    }
    let tolerance = min(2e-3, 0.02 * 180 / Double(count))
    let sign = first > last ? 1.0 : -1.0
    return zip(values, nodes(count)).allSatisfy { abs($0 * sign - $1) <= tolerance }
      && !isUniform(values, tolerance: 1e-9)
  }

  /// The latitudes of the roots of the Legendre polynomial, north to south, in degrees (Newton's method).
  static func nodes(_ count: Int) -> [Double] {
    let n = Double(count)
    var result = [Double](repeating: 0, count: count)
    for index in 0..<((count + 1) / 2) {
      var x = cos(.pi * (Double(index) + 0.75) / (n + 0.5))
      for _ in 0..<50 {
        var (p0, p1) = (1.0, x)
        for k in stride(from: 2.0, through: n, by: 1) {
          (p0, p1) = (p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / k)
        }
        let slope = n * (x * p1 - p0) / (x * x - 1)
        let step = p1 / slope
        x -= step
        if abs(step) < 1e-15 { break }
      }
      let latitude = asin(x) * 180 / .pi
      result[index] = latitude
      result[count - 1 - index] = -latitude
    }
    return result
  }

  private static func isUniform(_ values: [Double], tolerance: Double) -> Bool {
    let step = values[1] - values[0]
    return (1..<values.count).allSatisfy { abs(values[$0] - values[$0 - 1] - step) <= tolerance * abs(step) }
  }
}
