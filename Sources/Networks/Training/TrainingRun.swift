import Basics
import Compute
import Dispatch
import Synchronization
import Tensors

/// A training from its first step, or from where a state file stands, to its end.
public final class TrainingRun {
  public let trainer: Trainer
  public private(set) var progress = TrainingProgress()
  private let samples: any SampleSource
  private let validation: (any SampleSource)?
  private let order: BatchOrder
  private let checkpoint: Checkpoint?
  private let batches: [Batch]

  /// Where and when the state is saved.
  public struct Checkpoint: Sendable {
    public var path: String
    /// Steps.
    public var every: Int
    /// Of everything that the result depends on.
    public var digest: String
    /// Of the same but the number of steps and the data: says of a state with another digest what differs.
    public var course: String
    public init(path: String, every: Int, digest: String, course: String = "") {
      (self.path, self.every, self.digest, self.course) = (path, max(1, every), digest, course)
    }
  }

  /// What the caller may know and say after each step.
  public enum Event: Sendable {
    case step(Int, loss: Double?)
    case line(TrainingHistory.Line, isBest: Bool)
  }

  public init(
    _ trainer: Trainer, samples: any SampleSource, validation: (any SampleSource)? = nil,
    checkpoint: Checkpoint? = nil
  ) throws(ModelError) {
    (self.trainer, self.samples, self.validation, self.checkpoint) = (
      trainer, samples, validation, checkpoint
    )
    let plan = trainer.plan
    let batch = plan.inputShape.extents[0]
    order = BatchOrder(seed: plan.options.seed, samples: samples.count, batch: batch)
    do {
      batches = [
        try Batch(input: plan.inputShape, target: plan.targetShape),
        try Batch(input: plan.inputShape, target: plan.targetShape),
      ]
    } catch {
      throw ModelError(.mismatch, error.description)
    }
  }

  public var batchesPerEpoch: Int { order.batchesPerEpoch }

  /// Goes on from the state file.
  /// - Throws: `ModelError` when it is damaged or of another training.
  public func resume() throws(ModelError) {
    guard let checkpoint else { return }
    progress = try TrainingState.read(checkpoint.path, into: trainer, digest: checkpoint.digest)
  }

  /// Saves where the training stands.
  public func save() throws(FileError) {
    guard let checkpoint else { return }
    try TrainingState.write(
      progress, of: trainer, digest: checkpoint.digest, course: checkpoint.course, to: checkpoint.path)
  }

  /// Trains to the end.
  /// - Parameters:
  ///   - tell: told after each step; what it throws ends the training after the state was saved.
  /// - Returns: the numbers to be kept.
  /// - Throws: `ModelError.notFinite` with step and epoch, what `SampleSource` and `tell` throw, `FileError`.
  public func run(_ tell: (Event) throws -> Void = { _ in }) throws -> Parameters {
    let options = trainer.plan.options
    let filler = Filler()
    defer { filler.wait() }
    var filled: Int?
    while !progress.isFinished, progress.step < options.steps {
      let step = progress.step
      if filled != step { filler.begin { try self.fill(step) } }
      try filler.finish()
      if step == 0 { try trainer.equalise(batches[0]) }
      if step + 1 < options.steps {
        filler.begin { try self.fill(step + 1) }
        filled = step + 1
      }
      let factor = options.schedule.factor(
        step: step, total: options.steps, validation: progress.history.validations)
      let rate = options.baseRate * factor
      let loss: Double?
      do throws(ModelError) {
        loss = try trainer.step(
          batches[step % 2], number: step, rate: rate,
          opponentRate: options.adversarial?.rate.map { $0 * factor })
      } catch {
        throw located(error, step)
      }
      if let loss {
        progress.lossSum += loss
        progress.lossCount += 1
      }
      if let judgement = trainer.judgement {
        progress.discriminatorSum += judgement.discriminator
        progress.adversarialSum += judgement.adversarial
        progress.judgedCount += 1
      }
      progress.step += 1
      let isEnd = progress.step == options.steps
      if progress.step % options.every == 0 || isEnd { try addLine(rate, tell) }
      if isEnd { progress.isFinished = true }
      if let checkpoint, progress.step % checkpoint.every == 0 || progress.isFinished { try save() }
      do { try tell(.step(progress.step, loss: loss)) } catch {
        filler.wait()
        if !progress.isFinished { try save() }
        throw error
      }
    }
    return trainer.best ?? trainer.parameters
  }

  private func located(_ error: ModelError, _ step: Int) -> ModelError {
    ModelError(
      error.kind, path: error.path, subject: error.subject,
      "step \(step + 1) (epoch \(step / order.batchesPerEpoch + 1)): \(error.cause)",
      expected: error.expected,
      found: error.found, remedy: error.remedy)
  }

  private func addLine(_ rate: Double, _ tell: (Event) throws -> Void) throws {
    var line = TrainingHistory.Line(
      step: progress.step,
      trainingLoss: progress.lossCount > 0 ? progress.lossSum / Double(progress.lossCount) : .nan,
      validationLoss: .nan, rate: rate)
    if progress.judgedCount > 0 {
      line.discriminatorLoss = progress.discriminatorSum / Double(progress.judgedCount)
      line.adversarialLoss = progress.adversarialSum / Double(progress.judgedCount)
    }
    (progress.lossSum, progress.lossCount) = (0, 0)
    (progress.discriminatorSum, progress.adversarialSum, progress.judgedCount) = (0, 0, 0)
    var isBest = false
    if let validation {
      line.validationLoss = try validate(validation)
      isBest = line.validationLoss < progress.bestLoss
      if isBest {
        (progress.bestLoss, progress.bestStep, progress.linesWithoutGain) = (
          line.validationLoss, line.step, 0
        )
        trainer.keep()
      } else {
        progress.linesWithoutGain += 1
        if let patience = trainer.plan.options.patience, progress.linesWithoutGain >= patience {
          progress.isFinished = true
        }
      }
    }
    progress.history.lines.append(line)
    try tell(.line(line, isBest: isBest))
  }

  /// The mean of the losses of all samples, each batch counted by its weights.
  private func validate(_ source: any SampleSource) throws -> Double {
    // The other one is being filled for the next step.
    let batch = batches[(progress.step + 1) % 2]
    var (sum, weights) = (0.0, 0.0)
    for first in stride(from: 0, to: source.count, by: batch.count) {
      for index in 0..<batch.count {
        let slot = batch.slot(index)
        if first + index < source.count {
          try source.fill(slot, epoch: 0, index: first + index)
        } else {
          // The last batch is filled up with a sample that does not count.
          try source.fill(slot, epoch: 0, index: first)
          unsafe slot.weights.update(repeating: 0)
        }
      }
      let weight = batch.totalWeight
      guard weight > 0 else { continue }
      do throws(ModelError) { sum += try trainer.measure(batch) * weight } catch {
        throw located(error, progress.step - 1)
      }
      weights += weight
    }
    guard weights > 0 else {
      throw ModelError(.mismatch, "no cell of the validation has a target and all inputs")
    }
    return sum / weights
  }

  private func fill(_ step: Int) throws {
    let batch = batches[step % 2]
    let (epoch, samples) = order.samples(ofStep: step)
    for (index, sample) in samples.enumerated() {
      try self.samples.fill(batch.slot(index), epoch: epoch, index: sample)
    }
  }
}

/// Fills the next batch while the network is trained on this one.
private final class Filler: @unchecked Sendable {
  private let group = DispatchGroup()
  // Written by the job, read after the group has been waited for.
  private var error: (any Error)?
  private static let queue = DispatchQueue(label: "isotach.batches", attributes: .concurrent)

  private struct Job: @unchecked Sendable {
    let body: () throws -> Void
  }

  func begin(_ body: @escaping () throws -> Void) {
    let job = Job(body: body)
    Self.queue.async(group: group) {
      do { try job.body() } catch { self.error = error }
    }
  }

  func wait() { group.wait() }

  func finish() throws {
    group.wait()
    if let error {
      self.error = nil
      throw error
    }
  }
}
