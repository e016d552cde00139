import Grids

/// For each cell and group of steps the value at and above which a step of the reference is wet as often as one of the
/// observations. Inputs: the observations, the reference; result: one number for each layer and group.
struct WetThresholds: Computation {
  /// One number a group: only what they gather is used.
  let observed: SampleFits
  let reference: SampleFits
  /// From which value on an observation is wet.
  let wet: Double
  let isKept = true
  var output: Description { reference.output }
  var label: String { "thresholds of wet steps in \(reference.groups.count) groups" }

  func steps(for region: Region) -> [[Need]] {
    observed.steps(for: region) + reference.steps(for: region).map { $0.map { Need(1, $0.region) } }
  }

  func scratchBytes(for region: Region) -> Int {
    observed.scratchBytes(for: region) + reference.scratchBytes(for: region)
  }

  func operations(for region: Region) -> Double {
    observed.operations(for: region) + reference.operations(for: region)
  }

  func begin(_ region: Region) throws(StageError) -> any Work { WetThresholdsWork(self, region) }

  /// The value at and above which `reference` is wet as often as `observed`: the share of wet observations times the
  /// count of the reference, rounded, is the number of its largest values that stay wet. Nothing that is 0 becomes
  /// wet; where no observation is wet, what is above all of the reference still is.
  /// - Returns: nil when one of them has no value.
  static func threshold(observed: [Double], reference: [Double], wet: Double) -> Double? {
    guard !observed.isEmpty, !reference.isEmpty else { return nil }
    let share = Double(observed.reduce(0) { $0 + ($1 >= wet ? 1 : 0) }) / Double(observed.count)
    let wanted = Int((share * Double(reference.count)).rounded())
    let falling = reference.sorted(by: >)
    guard wanted > 0 else { return max(Double(Float(falling[0]).nextUp), wet) }
    let value = falling[min(wanted, falling.count) - 1]
    return value > 0 ? value : falling.last { $0 > 0 } ?? wet
  }
}

private final class WetThresholdsWork: Work {
  private let thresholds: WetThresholds
  private var observed: GatheredSamples
  private var reference: GatheredSamples

  init(_ thresholds: WetThresholds, _ region: Region) {
    self.thresholds = thresholds
    observed = GatheredSamples(thresholds.observed, region)
    reference = GatheredSamples(thresholds.reference, region)
  }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    let first = observed.slabs.count
    if step < first {
      try observed.take(blocks, step: step)
    } else {
      try reference.take(blocks, step: step - first)
    }
  }

  func finish() throws(StageError) -> Block {
    try reference.block(numbers: 1) { v, l, group, cell in
      WetThresholds.threshold(
        observed: observed.values(variable: v, layer: l, group: group, cell: cell),
        reference: reference.values(variable: v, layer: l, group: group, cell: cell), wet: thresholds.wet
      ).map { [$0] }
    }
  }
}
