/// Finds where on a monotonic axis a value lies.
struct AxisLocator: Sendable {
  /// Ascending distances from the first value, in the direction of the axis.
  private let distances: [Double]
  private let first: Double
  private let direction: Double
  private let tolerance: Double
  /// How far beyond the first and the last value these go on.
  private let reach: (before: Double, after: Double)
  let isPeriodic: Bool
  let isLongitude: Bool
  /// Number of values that count.
  let count: Int

  /// - Parameter holdsEdges: the outer halves of the outermost cells have the place of their centres.
  init(_ values: [Double], count: Int, isLongitude: Bool, isPeriodic: Bool, holdsEdges: Bool = false) {
    first = values[0]
    direction = count > 1 && values[1] < values[0] ? -1 : 1
    let (first, direction) = (first, direction)
    distances = (0..<count).map { direction * (values[$0] - first) }
    self.count = count
    self.isLongitude = isLongitude
    self.isPeriodic = isPeriodic
    // Coordinates are often rounded to float32.
    tolerance = count > 1 ? 1e-4 * (distances[count - 1] / Double(count - 1)) : 1e-6
    let holds = holdsEdges && count > 1 && !isPeriodic
    reach = holds ? (distances[1] / 2, (distances[count - 1] - distances[count - 2]) / 2) : (0, 0)
  }

  /// The neighbours of a value and how far it is from the lower to the upper (0 to 1); nil outside the axis.
  func locate(_ value: Double) -> (lower: Int, upper: Int, fraction: Double)? {
    guard value.isFinite else { return nil }
    var d = direction * (value - first)
    if isLongitude {
      d = d.truncatingRemainder(dividingBy: 360)
      if d < 0 { d += 360 }
    }
    let last = distances[count - 1]
    if isLongitude, !isPeriodic, d > last + reach.after + tolerance,
      d >= 360 - reach.before - tolerance
    {
      d = 0
    }
    if isPeriodic, d >= last {
      let gap = 360 - last
      return snap(count - 1, 0, gap > 0 ? (d - last) / gap : 0)
    }
    guard d >= -reach.before - tolerance, d <= last + reach.after + tolerance else { return nil }
    guard count > 1 else { return (0, 0, 0) }
    let clamped = max(0, min(last, d))
    // The last index whose distance is not above.
    var low = 0, high = count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if distances[middle] <= clamped { low = middle } else { high = middle }
    }
    return snap(low, high, (clamped - distances[low]) / (distances[high] - distances[low]))
  }

  /// A value within rounding of a centre is at the centre: it needs no neighbour.
  private func snap(_ lower: Int, _ upper: Int, _ fraction: Double) -> (Int, Int, Double) {
    if fraction < 1e-9 { return (lower, upper, 0) }
    if fraction > 1 - 1e-9 { return (lower, upper, 1) }
    return (lower, upper, fraction)
  }

  /// The index of the nearest value; the lower of two equally near ones.
  func nearest(_ value: Double) -> Int {
    if let (lower, upper, fraction) = locate(value) {
      if fraction == 0.5 { return min(lower, upper) }
      return fraction < 0.5 ? lower : upper
    }
    var d = direction * (value - first)
    if isLongitude {
      d = d.truncatingRemainder(dividingBy: 360)
      if d < 0 { d += 360 }
      // In the gap between the last and the first.
      return d - distances[count - 1] <= 360 - d ? count - 1 : 0
    }
    return d < 0 ? 0 : count - 1
  }

  /// The value before and after an index on the axis; nil at its end.
  func before(_ index: Int) -> Int? { index > 0 ? index - 1 : isPeriodic ? count - 1 : nil }
  func after(_ index: Int) -> Int? { index + 1 < count ? index + 1 : isPeriodic ? 0 : nil }

  /// Two weights; one at a centre.
  func linear(_ value: Double) -> [(Int, Double)]? {
    guard let (lower, upper, s) = locate(value) else { return nil }
    return AxisLocator.linear(lower, upper, s)
  }

  static func linear(_ lower: Int, _ upper: Int, _ s: Double) -> [(Int, Double)] {
    if s == 0 { return [(lower, 1)] }
    if s == 1 { return [(upper, 1)] }
    return [(lower, 1 - s), (upper, s)]
  }

  /// Four weights: the cubic with the values and the central differences of the two neighbours (Catmull and
  /// Rom 1974; the same as the SCRIP bicubic formula, whose gradients are such differences). At the end of the
  /// axis the difference is one-sided.
  func cubic(_ value: Double) -> [(Int, Double)]? {
    guard let (lower, upper, s) = locate(value) else { return nil }
    return cubic(lower, upper, s)
  }

  func cubic(_ lower: Int, _ upper: Int, _ s: Double) -> [(Int, Double)] {
    if s == 0 { return [(lower, 1)] }
    if s == 1 { return [(upper, 1)] }
    let h00 = (1 + 2 * s) * (1 - s) * (1 - s), h10 = s * (1 - s) * (1 - s)
    let h01 = s * s * (3 - 2 * s), h11 = s * s * (s - 1)
    var terms: [(Int, Double)] = [(lower, h00), (upper, h01)]
    func add(_ index: Int, _ weight: Double) {
      if let k = terms.firstIndex(where: { $0.0 == index }) {
        terms[k].1 += weight
      } else {
        terms.append((index, weight))
      }
    }
    let west = before(lower), east = after(upper)
    add(upper, west == nil ? h10 : h10 / 2)
    add(west ?? lower, west == nil ? -h10 : -h10 / 2)
    add(east ?? upper, east == nil ? h11 : h11 / 2)
    add(lower, east == nil ? -h11 : -h11 / 2)
    return terms.sorted { $0.0 < $1.0 }
  }
}

/// Weights along one axis: the rows of a small sparse matrix.
package struct AxisWeights: Sendable, Hashable {
  package private(set) var starts: [Int32] = [0]
  package private(set) var sources: [Int32] = []
  package private(set) var weights: [Double] = []
  /// The sum of the sizes of the weights of each target.
  package private(set) var sums: [Double] = []
  package var count: Int { sums.count }

  mutating func append(_ entries: [(Int, Double)]) {
    var sum = 0.0
    for (source, weight) in entries {
      sources.append(Int32(truncatingIfNeeded: source))
      weights.append(weight)
      sum += abs(weight)
    }
    sums.append(sum)
    starts.append(Int32(truncatingIfNeeded: sources.count))
  }

  /// The least range of sources that the targets need.
  package func span(_ targets: Range<Int>) -> Range<Int>? {
    let entries = Int(starts[targets.lowerBound])..<Int(starts[targets.upperBound])
    guard let least = sources[entries].min(), let most = sources[entries].max() else { return nil }
    return Int(least)..<Int(most) + 1
  }

  package var longest: Int {
    (0..<count).reduce(0) { max($0, Int(starts[$1 + 1] - starts[$1])) }
  }
}
