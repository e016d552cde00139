import Basics

/// How often an event happens when it is said to have a probability: the reliability diagram.
struct Reliability: PointMetric {
  static let declaration = Declaration(
    name: "reliability",
    summary:
      "share of events among values whose probability (share of members above the threshold) lies in each bin",
    keys: [
      Key("threshold", .number, required: true, "in the units of the truth; to be exceeded"),
      Key("bins", .integer, default: "5", "of probability, equally wide"),
    ])
  let outputs: [MetricOutput]
  let threshold: Double
  let bins: Int
  var size: Int { 2 * bins }

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    threshold = try subject.threshold(arguments)
    bins = arguments.integer("bins") ?? 5
    guard (2...50).contains(bins) else {
      throw PlanError("`bins` goes from 2 to 50, found \(bins)", at: arguments.mark("bins"))
    }
    let (width, limit) = (1 / Double(bins), threshold.plain)
    outputs = (0..<bins).map { k in
      let middle = ((Double(k) + 0.5) * width * 1000).rounded() / 1000
      return MetricOutput(
        name: "\(arguments.stage)_\(limit)_\(middle.plain)",
        title: "share of events where the probability is about \(middle.plain)",
        better: .near(middle))
    }
  }

  func add(_ s: Samples) -> [Double] {
    var sums = [Double](repeating: 0, count: size)
    for i in 0..<s.count {
      // The last bin has its upper edge.
      let k = min(bins - 1, Int(s.probability(i, above: threshold) * Double(bins) + 1e-9))
      sums[2 * k] += s.y[i] > threshold ? s.w[i] : 0
      sums[2 * k + 1] += s.w[i]
    }
    return sums
  }

  func values(_ sums: [Double]) -> [Double] {
    (0..<bins).map { sums[2 * $0 + 1] > 0 ? sums[2 * $0] / sums[2 * $0 + 1] : .nan }
  }
}
