import Basics

/// How often the truth lies below all members, between the first and the second, ..., above all; as shares of 1.
struct RankHistogram: PointMetric {
  static let declaration = Declaration(
    name: "rank_histogram",
    summary:
      "shares of values whose truth exceeds 0, 1, 2, ... members: flat when members and truth are exchangeable",
    keys: [])
  let outputs: [MetricOutput]
  let members: Int
  var size: Int { members + 2 }

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    members = subject.members.max() ?? 1
    guard members > 1 else {
      throw PlanError("`\(arguments.stage)` needs an ensemble, and no method has members", at: arguments.mark)
    }
    guard members <= 200 else {
      throw PlanError("\(members) members are more than 200", at: arguments.mark)
    }
    outputs = (1...members + 1).map {
      MetricOutput(name: "\(arguments.stage)_\($0)", title: "share of values with rank \($0)")
    }
  }

  func add(_ s: Samples) -> [Double] {
    var counts = [Double](repeating: 0, count: size)
    guard s.memberCount == members else { return counts }
    for i in 0..<s.count {
      let rank = (0..<members).count { s.members[i * members + $0] < s.y[i] }
      counts[rank] += s.w[i]
      counts[members + 1] += s.w[i]
    }
    return counts
  }

  func values(_ sums: [Double]) -> [Double] {
    (0...members).map { sums[members + 1] > 0 ? sums[$0] / sums[members + 1] : .nan }
  }
}
