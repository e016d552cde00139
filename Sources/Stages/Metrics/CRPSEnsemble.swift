import Basics

/// Continuous ranked probability score of an ensemble: mean |x_i - y| - mean |x_i - x_j| / 2 (Gneiting and Raftery 2007).
struct CRPSEnsemble: PointMetric {
  static let declaration = Declaration(
    name: "crps_ensemble",
    summary: "continuous ranked probability score of the members; of a single field its mae",
    keys: [
      Key(
        "fair", .boolean, default: "false",
        "as for infinitely many members: pairs of different members only (Ferro 2014)")
    ])
  static let aliases = ["crps"]
  let outputs: [MetricOutput]
  let isFair: Bool
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    isFair = arguments.boolean("fair") ?? false
    outputs = [
      MetricOutput(
        name: arguments.stage, title: "continuous ranked probability score", units: .variable, better: .low)
    ]
  }

  func add(_ s: Samples) -> [Double] {
    let m = s.memberCount
    let pairs = Double(m) * Double(isFair && m > 1 ? m - 1 : m)
    var (sum, weight) = (0.0, 0.0)
    for i in 0..<s.count {
      let members = s.members[i * m..<(i + 1) * m].sorted()
      var (error, spread) = (0.0, 0.0)
      for (k, value) in members.enumerated() {
        error += abs(value - s.y[i])
        // The sum over j of |x_k - x_j| of sorted members.
        spread += value * Double(2 * k + 1 - m)
      }
      sum += s.w[i] * (error / Double(m) - spread / pairs)
      weight += s.w[i]
    }
    return [sum, weight]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}
