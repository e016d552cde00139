import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// Continuous ranked probability score of a normal distribution (Gneiting et al. 2005, equation 5).
struct CRPSGaussian: PointMetric {
  static let declaration = Declaration(
    name: "crps_gaussian",
    summary:
      "continuous ranked probability score of a normal distribution: a method with a second variable, its standard deviation",
    keys: [
      Key("std", .text, default: "NAME_std", "the variable of a method that has the standard deviation")
    ])
  let outputs: [MetricOutput]
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [
      MetricOutput(
        name: arguments.stage, title: "continuous ranked probability score of a normal distribution",
        units: .variable, better: .low)
    ]
  }

  func add(_ s: Samples) -> [Double] {
    guard let spread = s.spread else { return [0, 0] }
    var (sum, weight) = (0.0, 0.0)
    for i in 0..<s.count {
      var score = abs(s.x[i] - s.y[i])
      if spread[i] > 0 {
        let z = (s.y[i] - s.x[i]) / spread[i]
        let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
        score = spread[i] * (z * erf(z / 2.squareRoot()) + 2 * density - 1 / Double.pi.squareRoot())
      }
      sum += s.w[i] * score
      weight += s.w[i]
    }
    return [sum, weight]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}
