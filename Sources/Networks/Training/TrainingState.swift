import Basics
import Compute
import Tensors

/// Where a training stands: with the trainer's numbers this is all that going on needs, for batches and random
/// numbers are functions of (seed, step).
public struct TrainingProgress: Sendable, Hashable {
  /// Steps done.
  public var step = 0
  /// Sum and count of the losses since the last line of the history.
  public var lossSum = 0.0
  public var lossCount = 0
  /// Sums and count of what a discriminator has found since then.
  public var discriminatorSum = 0.0
  public var adversarialSum = 0.0
  public var judgedCount = 0
  public var bestLoss = Double.infinity
  public var bestStep = 0
  /// Lines since the best validation.
  public var linesWithoutGain = 0
  /// True when nothing is left to do.
  public var isFinished = false
  public var history = TrainingHistory()
  public init() {}
}

/// The file that a training goes on from after it was stopped at any moment: a safetensors file with the tensors
/// `parameter.<path>`, `moment.<name>.<path>`, `best.<path>`, and the rest as JSON. Paths of a discriminator begin with
/// `discriminator.`.
public enum TrainingState {
  static let format = "isotach.training/1"

  /// - Parameters:
  ///   - digest: of everything that the result depends on; the state of another training is not taken.
  ///   - course: of the same but the number of steps and the data.
  static func write(
    _ progress: TrainingProgress, of trainer: Trainer, digest: String, course: String = "", to path: String
  ) throws(FileError) {
    var writer = SafeTensorsWriter()
    writer.set("format", format)
    writer.set("digest", digest)
    writer.set("course", course)
    writer.set("steps", "\(trainer.plan.options.steps)")
    writer.set(
      "progress",
      JSONValue.object([
        ("step", .integer(progress.step)), ("loss_sum", .real(progress.lossSum)),
        ("loss_count", .integer(progress.lossCount)),
        ("discriminator_sum", .real(progress.discriminatorSum)),
        ("adversarial_sum", .real(progress.adversarialSum)), ("judged_count", .integer(progress.judgedCount)),
        ("best_loss", .real(progress.bestLoss)),
        ("best_step", .integer(progress.bestStep)),
        ("lines_without_gain", .integer(progress.linesWithoutGain)),
        ("finished", .boolean(progress.isFinished)), ("history", progress.history.json),
      ]).text)
    do throws(ModelError) {
      try writer.add(trainer.parameters, prefix: "parameter.")
      for (slot, values) in trainer.learner.moments { try writer.add(values, prefix: "moment.\(slot).") }
      if let opponent = trainer.opponent {
        try writer.add(opponent.parameters, prefix: "parameter.")
        for (slot, values) in opponent.moments { try writer.add(values, prefix: "moment.\(slot).") }
      }
      if let best = trainer.best { try writer.add(best, prefix: "best.") }
    } catch {
      throw FileError(.cannotWrite, path: path, subject: error.subject, error.sentence)
    }
    try writer.write(to: path)
  }

  /// The digest of the training that the file belongs to.
  /// - Throws: `ModelError` when it is no such file.
  public static func digest(of path: String) throws(ModelError) -> String {
    try digest(SafeTensorsFile.open(path))
  }

  /// The number of steps for which the file was made, when it is the state of that course.
  /// - Throws: `ModelError` when it is no such file.
  public static func steps(of path: String, course: String) throws(ModelError) -> Int? {
    let file = try SafeTensorsFile.open(path)
    _ = try digest(file)
    guard file.metadata("course") == course else { return nil }
    return file.metadata("steps").flatMap { Int($0) }
  }

  private static func digest(_ file: SafeTensorsFile) throws(ModelError) -> String {
    guard file.metadata("format") == format, let digest = file.metadata("digest") else {
      throw ModelError(
        .unsupported, path: file.path, "this is not the state of a training", expected: format,
        found: file.metadata("format").map { printable($0, limit: 60) } ?? "no format")
    }
    return digest
  }

  /// Sets the trainer's numbers.
  /// - Throws: `ModelError` when the file is damaged or belongs to another training.
  static func read(_ path: String, into trainer: Trainer, digest: String) throws(ModelError)
    -> TrainingProgress
  {
    let file = try SafeTensorsFile.open(path)
    guard try self.digest(file) == digest else {
      throw ModelError(
        .mismatch, path: path, "this is the state of another training",
        remedy: "the pipeline, its inputs or the program have changed: run without --resume")
    }
    let progress: TrainingProgress
    do {
      progress = try decode(try JSONValue.parse(file.metadata("progress") ?? ""))
    } catch let error as JSONReading.Failure {
      throw ModelError(
        .damaged, path: path, subject: "progress", "its key \(error.key)", expected: error.expected,
        found: error.found)
    } catch {
      throw ModelError(.damaged, path: path, subject: "progress", "\(error)")
    }
    try trainer.parameters.read(file, prefix: "parameter.")
    for learner in [trainer.learner, trainer.opponent] {
      if learner !== trainer.learner { try learner?.parameters.read(file, prefix: "parameter.") }
      for (slot, values) in learner?.moments ?? [] { try values.read(file, prefix: "moment.\(slot).") }
    }
    try trainer.best?.read(file, prefix: "best.")
    return progress
  }

  private static func decode(_ json: JSONValue) throws(JSONReading.Failure) -> TrainingProgress {
    let reading = JSONReading(json)
    var progress = TrainingProgress()
    progress.step = try reading.integer("step")
    guard progress.step >= 0 else { throw .init("step", expected: "a count", found: "\(progress.step)") }
    progress.lossSum = try reading.finite("loss_sum")
    progress.lossCount = try reading.integer("loss_count")
    if json["judged_count"] != nil {
      progress.discriminatorSum = try reading.finite("discriminator_sum")
      progress.adversarialSum = try reading.finite("adversarial_sum")
      progress.judgedCount = try reading.integer("judged_count")
    }
    progress.bestLoss = try reading.value("best_loss", "a number").number ?? .infinity
    progress.bestStep = try reading.integer("best_step")
    progress.linesWithoutGain = try reading.integer("lines_without_gain")
    progress.isFinished = json["finished"]?.boolean ?? false
    progress.history = try TrainingHistory(try reading.value("history", "an object"))
    return progress
  }
}
