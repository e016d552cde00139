import Basics
import Grids

#if canImport(Glibc)
  import Glibc
#endif

/// How much a field varies on each scale: the radially averaged power spectrum.
struct PowerSpectrum: MapMetric {
  static let declaration = Declaration(
    name: "power_spectrum",
    summary:
      "power at wavelengths (in cells) from one bound to the next, over the truth's: 1 is right, less is too "
      + "smooth; and log_spectral_distance, the root mean square of these in dB. From the Fourier transform of each map "
      + "less its mean, missing cells being 0; wavelengths in all directions together",
    keys: [
      Key(
        "wavelengths", .list(.number), default: "[2, 4, 8, 16, 32, 64]",
        "bounds in cells, from 1.4 on, growing")
    ])
  let outputs: [MetricOutput]
  let bounds: [Double]
  var size: Int { 2 * (bounds.count - 1) }

  init(_ arguments: Arguments, _ subject: MetricSubject) throws(PlanError) {
    let bounds = arguments.list("wavelengths")?.compactMap(\.number) ?? [2, 4, 8, 16, 32, 64]
    guard bounds.count > 1, bounds.count <= 50, bounds[0] >= 1.4,
      zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw PlanError(
        "`wavelengths` are two or more growing numbers from 1.4 on", at: arguments.mark("wavelengths"))
    }
    self.bounds = bounds
    outputs =
      zip(bounds, bounds.dropFirst()).map {
        MetricOutput(
          name: "\(arguments.stage)_\($0.plain)_\($1.plain)",
          title: "power at wavelengths of \($0.plain) to \($1.plain) cells over the truth's", better: .near(1)
        )
      } + [
        MetricOutput(
          name: "log_spectral_distance", title: "distance of the logarithms of the spectra in decibel",
          better: .low)
      ]
  }

  func add(_ maps: MapPair) -> [Double] {
    var sums = [Double](repeating: 0, count: size)
    guard maps.isValid.contains(true) else { return sums }
    func power(_ values: [Double]) -> [Double] {
      var (sum, n) = (0.0, 0.0)
      for i in values.indices where maps.isValid[i] { (sum, n) = (sum + values[i], n + 1) }
      let anomalies = values.indices.map { maps.isValid[$0] ? values[$0] - sum / n : 0 }
      return Fourier.power(anomalies, rows: maps.rows, columns: maps.columns)
    }
    let (x, y) = (power(maps.x), power(maps.y))
    for j in 0..<maps.rows {
      let v = Double(min(j, maps.rows - j)) / Double(maps.rows)
      for i in 0..<maps.columns where i + j > 0 {
        let u = Double(min(i, maps.columns - i)) / Double(maps.columns)
        let wavelength = 1 / (u * u + v * v).squareRoot()
        guard let next = bounds.firstIndex(where: { $0 > wavelength }), next > 0 else { continue }
        sums[2 * next - 2] += x[j * maps.columns + i]
        sums[2 * next - 1] += y[j * maps.columns + i]
      }
    }
    return sums
  }

  func values(_ sums: [Double]) -> [Double] {
    let ratios = (0..<bounds.count - 1).map { sums[2 * $0 + 1] > 0 ? sums[2 * $0] / sums[2 * $0 + 1] : .nan }
    let decibels = ratios.filter { $0.isFinite && $0 > 0 }.map { 10 * log10($0) }
    let distance =
      decibels.isEmpty ? .nan : (decibels.reduce(0) { $0 + $1 * $1 } / Double(decibels.count)).squareRoot()
    return ratios + [distance]
  }
}
