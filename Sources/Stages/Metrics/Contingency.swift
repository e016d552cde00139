import Basics

/// Scores of yes and no: whether a threshold is reached. Names as in xskillscore.
struct Contingency: PointMetric {
  static let declaration = Declaration(
    name: "contingency",
    summary:
      "hit_rate, false_alarm_ratio, bias_score, threat_score (CSI), equit_threat_score of values at or above a threshold",
    keys: [Key("threshold", .number, required: true, "in the units of the truth")])
  let outputs: [MetricOutput]
  let threshold: Double
  let size = 4

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    threshold = try subject.threshold(arguments)
    let limit = threshold.plain
    func output(_ name: String, _ title: String, _ better: Score.Better) -> MetricOutput {
      MetricOutput(name: "\(name)_\(limit)", title: "\(title) at or above \(limit)", better: better)
    }
    outputs = [
      output("hit_rate", "hit rate", .high), output("false_alarm_ratio", "false alarm ratio", .low),
      output("bias_score", "frequency bias", .near(1)), output("threat_score", "threat score", .high),
      output("equit_threat_score", "equitable threat score", .high),
    ]
  }

  func add(_ s: Samples) -> [Double] {
    var sums = [0.0, 0, 0, 0]
    for i in 0..<s.count {
      sums[(s.x[i] >= threshold ? 0 : 2) + (s.y[i] >= threshold ? 0 : 1)] += s.w[i]
    }
    return sums
  }

  func values(_ sums: [Double]) -> [Double] {
    let (hits, alarms, misses) = (sums[0], sums[1], sums[2])
    let total = sums.reduce(0, +)
    func share(_ a: Double, _ b: Double) -> Double { b > 0 ? a / b : .nan }
    let chance = share((hits + misses) * (hits + alarms), total)
    return [
      share(hits, hits + misses), share(alarms, hits + alarms), share(hits + alarms, hits + misses),
      share(hits, hits + misses + alarms), share(hits - chance, hits + misses + alarms - chance),
    ]
  }
}
