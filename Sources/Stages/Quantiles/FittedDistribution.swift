import Basics

/// A distribution of the values of a cell, as it is kept between fit and use: a list of numbers.
enum DistributionKind: String, CaseIterable, Sendable {
  /// Quantiles at equally spaced probabilities from 0 to 1.
  case empirical
  /// Share of dry values, shape and scale of the wet ones.
  case gamma
  /// Mean and standard deviation.
  case normal
}

struct FittedDistribution {
  let kind: DistributionKind
  let numbers: [Double]

  /// - Parameter values: valid ones, at least one.
  /// - Returns: the numbers; nil when they say too little.
  static func fit(_ kind: DistributionKind, _ values: [Double], nodes: Int, wet: Double?) -> [Double]? {
    switch kind {
    case .empirical:
      guard values.count > 1 else { return nil }
      let sorted = values.map { value in wet.map { value < $0 ? 0 : value } ?? value }.sorted()
      return (0..<nodes).map { Sample.quantile(sorted: sorted, Double($0) / Double(nodes - 1)) }
    case .gamma:
      let rain = values.filter { $0 >= (wet ?? 0) && $0 > 0 }
      let dry = 1 - Double(rain.count) / Double(values.count)
      // Too few to tell a distribution: taken as dry.
      guard let gamma = GammaDistribution(fitting: rain) else { return [1, 1, 1] }
      return [dry, gamma.shape, gamma.scale]
    case .normal:
      guard values.count > 1 else { return nil }
      return [Sample.mean(values), Sample.deviation(values)]
    }
  }

  static func count(_ kind: DistributionKind, nodes: Int) -> Int {
    switch kind {
    case .empirical: nodes
    case .gamma: 3
    case .normal: 2
    }
  }

  /// The probability of a smaller value, and the end of the range that the value lies beyond. Of a value that is there
  /// more than once, the lowest probability.
  func cdf(_ x: Double) -> (p: Double, beyond: Double?) {
    switch kind {
    case .empirical:
      // The first node that is not below.
      var (low, high) = (0, numbers.count)
      while low < high {
        let middle = (low + high) / 2
        if numbers[middle] < x { low = middle + 1 } else { high = middle }
      }
      let last = Double(numbers.count - 1)
      if low == numbers.count { return (1, numbers.last) }
      if low == 0 { return (0, x < numbers[0] ? numbers[0] : nil) }
      let (a, b) = (numbers[low - 1], numbers[low])
      return ((Double(low - 1) + (x - a) / (b - a)) / last, nil)
    case .gamma:
      guard x > 0, numbers[0] < 1 else { return (x > 0 ? 1 : 0, nil) }
      let p = GammaDistribution(shape: numbers[1], scale: numbers[2]).cdf(x)
      return (numbers[0] + (1 - numbers[0]) * p, nil)
    case .normal: return (x, nil)
    }
  }

  /// The value of which that share is smaller.
  func quantile(_ p: Double) -> Double {
    switch kind {
    case .empirical: return Sample.quantile(sorted: numbers, p)
    case .gamma:
      guard p > numbers[0], numbers[0] < 1 else { return 0 }
      return GammaDistribution(shape: numbers[1], scale: numbers[2])
        .quantile((p - numbers[0]) / (1 - numbers[0]))
    case .normal: return p
    }
  }
}

/// Maps the values of a cell from one distribution to another.
struct QuantileMapping: Sendable {
  enum Method: String, CaseIterable, Sendable { case qm, qdm }
  enum Kind: String, CaseIterable, Sendable { case additive, multiplicative }
  enum Extrapolation: String, CaseIterable, Sendable { case constant, clamp, missing }

  let method: Method
  let kind: Kind
  let distribution: DistributionKind
  let extrapolation: Extrapolation
  let wet: Double?

  /// - Parameter own: of the values that are mapped, for `qdm`.
  /// - Returns: nil where there is no value.
  func value(
    _ x: Double, observed: FittedDistribution, reference: FittedDistribution, own: FittedDistribution
  ) -> Double? {
    if let wet, x < wet { return 0 }
    var y: Double
    if distribution == .normal {
      let (o, m, f) = (observed.numbers, reference.numbers, own.numbers)
      let source = method == .qm ? m : f
      guard source[1] > 0 else { return nil }
      let z = (x - source[0]) / source[1]
      y = o[0] + z * o[1]
      if method == .qdm { y = change(y, x, from: m[0] + z * m[1]) }
    } else if method == .qm {
      let (p, end) = reference.cdf(x)
      y = observed.quantile(p)
      if let end {
        switch extrapolation {
        case .constant: y = change(y, x, from: end)
        case .clamp: break
        case .missing: return nil
        }
      }
    } else {
      let p = own.cdf(x).p
      y = change(observed.quantile(p), x, from: reference.quantile(p))
    }
    if let wet, y < wet { y = 0 }
    return y.isFinite ? y : nil
  }

  /// What lies as far from y as x does from the other.
  private func change(_ y: Double, _ x: Double, from other: Double) -> Double {
    switch kind {
    case .additive: y + x - other
    case .multiplicative: other > 0 ? y * (x / other) : y
    }
  }
}
