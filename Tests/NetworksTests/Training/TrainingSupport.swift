import Basics
import Compute
import Networks
import Tensors

/// Small fields that are functions of their number: the target is a blurred input and its slope.
struct WaveSamples: SampleSource {
  var count = 10
  var size = 8
  var channels = 2
  /// A number that is not finite comes in this sample.
  var broken: Int?

  func fill(_ slot: Batch.Slot, epoch: Int, index: Int) throws {
    var random = RandomStream(seed: 11, stream: UInt64(index))
    let cells = size * size
    for c in 0..<channels { for i in 0..<cells { slot.input[c * cells + i] = Float(random.nextNormal()) } }
    for i in 0..<cells {
      let right = i % size == size - 1 ? 0 : slot.input[i + 1]
      slot.target[i] = 0.6 * slot.input[i] - 0.3 * right + 0.2 * max(0, slot.input[cells + i])
      slot.weights[i] = i % 7 == 0 ? 0 : 1
    }
    if index == broken { slot.input[3] = .nan }
  }
}

enum SmallTraining {
  static var spec: NetworkSpec {
    NetworkSpec {
      Conv(6, kernel: 3)
      BatchNorm()
      ReLU()
      Dropout(0.1)
      Conv(1, kernel: 3)
    }
  }

  static func options(steps: Int = 12, _ change: (inout TrainingOptions) -> Void = { _ in })
    -> TrainingOptions
  {
    var options = TrainingOptions(
      optimiser: Adam(), rate: 0.01, clipping: Clipping(norm: 1), decay: 0.001, steps: steps, every: 5,
      keepsBest: true, seed: 9)
    change(&options)
    return options
  }

  static func run(
    _ options: TrainingOptions, samples: WaveSamples = WaveSamples(), threads: Int = 1,
    checkpoint: TrainingRun.Checkpoint? = nil, spec: NetworkSpec? = nil, validates: Bool = true,
    parameters: Parameters? = nil
  ) throws -> TrainingRun {
    let plan = try TrainingPlan(
      spec ?? self.spec, loss: MeanSquaredError(), options: options, channels: (2, 1), patch: [8, 8],
      batch: 4,
      threads: threads)
    let trainer = try Trainer(plan, parameters: parameters, threads: threads)
    return try TrainingRun(
      trainer, samples: samples, validation: validates ? WaveSamples(count: 6) : nil, checkpoint: checkpoint)
  }

  static func bits(_ parameters: Parameters) -> [UInt32] { parameters.all.map(\.bitPattern) }
}
