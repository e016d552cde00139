import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// Peak signal-to-noise ratio of maps.
struct PeakSignalToNoise: MapMetric {
  static let declaration = Declaration(
    name: "psnr",
    summary: "10 log10(range^2 / mean d^2) of each map in dB, range being the truth's; meant over the times",
    keys: [])
  let outputs: [MetricOutput]
  let size = 2

  init(_ arguments: Arguments, _ subject: MetricSubject) {
    outputs = [
      MetricOutput(
        name: arguments.stage, title: "peak signal-to-noise ratio in decibel", better: .high)
    ]
  }

  func add(_ maps: MapPair) -> [Double] {
    guard let (low, high) = maps.truthRange, high > low else { return [0, 0] }
    var (square, n) = (0.0, 0.0)
    for i in maps.x.indices where maps.isValid[i] {
      square += (maps.x[i] - maps.y[i]) * (maps.x[i] - maps.y[i])
      n += 1
    }
    // A map without any error has no finite ratio.
    return square > 0 ? [10 * log10((high - low) * (high - low) / (square / n)), 1] : [0, 0]
  }

  func values(_ sums: [Double]) -> [Double] { [sums[1] > 0 ? sums[0] / sums[1] : .nan] }
}
