#if canImport(Glibc)
  import Glibc
#endif

/// The gamma distribution from 0 on: density proportional to x^(shape - 1) exp(-x / scale).
package struct GammaDistribution: Sendable {
  package var shape: Double
  package var scale: Double

  package init(shape: Double, scale: Double) { (self.shape, self.scale) = (shape, scale) }

  /// By maximum likelihood: ln(shape) - digamma(shape) = ln(mean) - mean of logarithms, solved by Newton's method from
  /// the estimate of Minka (2002). Nil for fewer than 3 values, and when they are all the same.
  package init?(fitting values: some Collection<Double>) {
    guard values.count > 2 else { return nil }
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let gap = log(mean) - values.reduce(0) { $0 + log($1) } / n
    guard mean > 0, gap > 1e-12, gap.isFinite else { return nil }
    var k = (3 - gap + ((gap - 3) * (gap - 3) + 24 * gap).squareRoot()) / (12 * gap)
    for _ in 0..<50 {
      let step = (log(k) - Self.digamma(k) - gap) / (1 / k - Self.trigamma(k))
      let next = k - step
      let old = k
      k = next > 0 ? next : k / 2
      if abs(k - old) <= 1e-14 * k { break }
    }
    guard k.isFinite, k > 0 else { return nil }
    (shape, scale) = (k, mean / k)
  }

  package func cdf(_ x: Double) -> Double { Self.incomplete(shape, x / scale) }

  /// The inverse of `cdf`, by Newton's method held within bounds.
  package func quantile(_ p: Double) -> Double {
    guard p > 0 else { return 0 }
    let p = min(p, 1 - 1e-15)
    // Near 0 the distribution is x^shape / Gamma(shape + 1).
    let first = exp((log(p) + lgamma(shape + 1)) / shape)
    if first < 1e-12 { return first * scale }
    var (low, high) = (0.0, max(shape, 1))
    while Self.incomplete(shape, high) < p, high < 1e300 { (low, high) = (high, high * 2) }
    var x = low + (high - low) / 2
    for _ in 0..<200 {
      let error = Self.incomplete(shape, x) - p
      if error > 0 { high = x } else { low = x }
      let density = exp((shape - 1) * log(x) - x - lgamma(shape))
      var next = x - error / density
      if !(next > low && next < high) { next = low + (high - low) / 2 }
      if abs(next - x) <= 1e-15 * x || next == x { return next * scale }
      x = next
    }
    return x * scale
  }

  /// P(a, x) of Abramowitz and Stegun 6.5.1: by its series or its continued fraction (Lentz's method).
  package static func incomplete(_ a: Double, _ x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x.isFinite else { return 1 }
    let front = exp(a * log(x) - x - lgamma(a))
    if x < a + 1 {
      var (term, sum, k) = (1 / a, 1 / a, a)
      for _ in 0..<10_000 {
        k += 1
        term *= x / k
        sum += term
        if term < sum * 1e-17 { break }
      }
      return min(1, sum * front)
    }
    let tiny = 1e-300
    var b = x + 1 - a
    var c = 1 / tiny
    var d = 1 / (abs(b) < tiny ? tiny : b)
    var h = d
    for i in 1..<10_000 {
      let step = -Double(i) * (Double(i) - a)
      b += 2
      d = step * d + b
      if abs(d) < tiny { d = tiny }
      c = b + step / c
      if abs(c) < tiny { c = tiny }
      d = 1 / d
      let change = d * c
      h *= change
      if abs(change - 1) < 1e-16 { break }
    }
    return max(0, 1 - front * h)
  }

  /// The derivative of ln gamma, by recurrence to arguments above 10 and Stirling's series.
  package static func digamma(_ x: Double) -> Double {
    var (x, sum) = (x, 0.0)
    while x < 10 {
      sum -= 1 / x
      x += 1
    }
    let r = 1 / (x * x)
    return sum + log(x) - 0.5 / x
      - r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * 691 / 32760)))))
  }

  package static func trigamma(_ x: Double) -> Double {
    var (x, sum) = (x, 0.0)
    while x < 10 {
      sum += 1 / (x * x)
      x += 1
    }
    let r = 1 / (x * x)
    return sum + 1 / x + r / 2
      + r / x * (1 / 6 - r * (1 / 30 - r * (1 / 42 - r * (1 / 30 - r * (5 / 66 - r * 691 / 2730)))))
  }
}
