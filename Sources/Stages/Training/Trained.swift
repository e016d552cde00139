import Basics
import Compute
import GridFiles
import Grids
import Networks
import ONNX
import Synchronization
import Tensors

/// Trains the network, writes the model, and gives the history.
struct Trained: ReadingComputation, ModelMaking {
  let setup: TrainingSetup
  /// Of the attribute that gets the model's digest.
  let digestKey: String
  let output: Description
  private let plans = PlanCache()

  init(setup: TrainingSetup, digestKey: String) {
    (self.setup, self.digestKey) = (setup, digestKey)
    let steps = Axis(
      name: "step", kind: .other, longName: "training steps done", units: "1",
      values: setup.lines.map(Double.init))
    func variable(_ name: String, _ title: String) -> VariableDescription {
      VariableDescription(name: name, longName: title, units: "1")
    }
    var variables = [
      variable(
        "training_loss", "mean loss of the training since the last check point (\(Self.name(setup.loss)))"),
      variable("validation_loss", "loss of the validation (\(Self.name(setup.loss)))"),
      variable("learning_rate", "learning rate"),
    ]
    if let adversarial = setup.options.adversarial {
      let loss = adversarial.objective.rawValue
      variables += [
        variable(
          "discriminator_loss", "mean loss of the discriminator since the last check point (\(loss))"),
        variable(
          "adversarial_loss", "mean of what the discriminator adds to the loss, without its weight (\(loss))"),
      ]
    }
    output = Description(
      variables: variables, time: nil, layers: [steps],
      grid: Grid(kind: .bare, y: .index("y", 1), x: .index("x", 1)),
      globalAttributes: setup.fields.target.description.globalAttributes)
  }

  private static func name(_ loss: any Loss) -> String { type(of: loss).declaration.name }

  var label: String {
    "train \(setup.options.steps) steps of \(setup.batch) patches \(setup.patch[0]) x \(setup.patch[1]), \(plans.parameters(setup)) parameters"
  }

  var modelPath: String { setup.modelPath }
  var plannedModel: TrainedModel { model(setup.fields.inputs, setup.fields.outputs, nil) }

  var effect: Effect? {
    Effect(files: [
      .init(path: setup.modelPath, mark: setup.modelMark),
      .init(path: setup.statePath, mark: setup.modelMark, isResult: false),
    ])
  }

  func sharedBytes(threads: Int) -> Int {
    plans.bytes(setup, threads) + setup.sampler.bytes + 2 * setup.fields.bytes(setup.patch)
  }

  func operations(for region: Region) -> Double { plans.operations(setup) * Double(setup.options.steps) }

  /// The model, its numbers given or not.
  private func model(_ inputs: [ModelChannel], _ outputs: [ModelChannel], _ parameters: Parameters?)
    -> TrainedModel
  {
    let empty = try? Parameters(try ParameterLayout([]))
    guard let numbers = parameters ?? empty else { preconditionFailure("an empty layout has no memory") }
    return TrainedModel(
      definition: setup.definition, declaration: setup.declaration, loss: setup.loss, domain: setup.domain,
      patch: setup.patch, inputs: inputs, outputs: outputs, base: setup.fields.base,
      halo: plans.reach(setup).halo, scaleFactor: plans.reach(setup).scale,
      spacing: setup.fields.features.description.grid.spacing, classes: setup.classes, parameters: numbers)
  }

  func compute(reading reader: any FieldReader, run: RunContext) throws(StageError) -> Grids.Block {
    let digest = self.digest(run)
    if run.resumes, let history = finished(digest) {
      run.tell("\(setup.modelPath) is finished already: not trained again")
      try reportDigest(run)
      return try block(history)
    }
    let (inputs, outputs) = try setup.normalised(reader, run)
    let training = try Self.make { () throws in
      let plan = try setup.plan(threads: run.threads)
      let trainer = try Trainer(plan, parameters: setup.start, threads: run.threads)
      let weights = setup.usesLatitudeWeights ? try setup.latitudeWeights() : nil
      func samples(_ patches: [Patch]?) -> FieldSamples {
        FieldSamples(
          reader: reader, setup: setup, inputs: inputs, outputs: outputs, cellWeights: weights,
          patches: patches)
      }
      let training = try TrainingRun(
        trainer, samples: samples(nil),
        validation: setup.validation == nil ? nil : samples(setup.validationPatches),
        checkpoint: .init(path: setup.statePath, every: setup.checkpointEvery, digest: digest, course: course)
      )
      if run.resumes, SafeTensorsFile.isLikely(setup.statePath) {
        if try TrainingState.digest(of: setup.statePath) == digest {
          try training.resume()
          run.tell("goes on after step \(training.progress.step)")
        } else if let steps = try TrainingState.steps(of: setup.statePath, course: course),
          steps != setup.options.steps
        {
          throw StageError(
            "\(setup.statePath) is the state of a training of \(steps) steps, now there are to be \(setup.options.steps)",
            remedy: "let it end with `steps: \(steps)` and train on `from` its model; or remove the state")
        } else {
          run.tell("\(setup.statePath) belongs to another training: from the start")
        }
      }
      return training
    }
    tellMemory(training.trainer.plan, run)
    let total = setup.options.steps
    let started = training.progress.step
    let kept = try Self.make { () throws in
      try training.run { event in
        switch event {
        case .step(let step, let loss):
          run.progress(step, of: total, loss.map { "loss \(Self.short($0))" } ?? "")
          try run.checkCancellation()
        case .line(let line, let isBest):
          var text = "step \(line.step) of \(total): training loss \(Self.short(line.trainingLoss))"
          if !line.validationLoss.isNaN { text += ", validation loss \(Self.short(line.validationLoss))" }
          if let own = line.discriminatorLoss, let added = line.adversarialLoss {
            text += ", discriminator \(Self.short(own)), adversarial \(Self.short(added))"
          }
          run.tell(text + ", rate \(Self.short(line.rate))" + (isBest ? " (best)" : ""))
        }
      }
    }
    var model = self.model(inputs, outputs, kept)
    model.history = training.progress.history
    model.provenance = provenance(training, digest, run, started)
    try Self.make { () throws in
      let made = try ModelFile.write(
        model, to: setup.modelPath, normalisation: setup.normalisation)
      run.report(.attribute(key: digestKey, .text(made)))
      run.tell("made \(setup.modelPath) (sha256 \(made))")
      removeState()
    }
    return try block(training.progress.history)
  }

  /// Turns every error into one of the stage.
  private static func make<T>(_ body: () throws -> T) throws(StageError) -> T {
    do { return try body() } catch let error as StageError {
      throw error
    } catch let error as ModelError {
      if let kind = error.fileKind {
        throw StageError(
          FileError(kind, path: error.path, subject: error.subject, error.sentence, remedy: error.remedy))
      }
      throw StageError(
        (error.path.isEmpty ? "" : error.path + ": ") + error.sentence, subject: error.subject,
        remedy: error.remedy)
    } catch let error as FileError {
      throw StageError(error)
    } catch {
      throw StageError("\(error)")
    }
  }

  /// Four digits.
  private static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value.plain }
    var scale = 1.0
    while abs(value) * scale < 1000, scale < 1e12 { scale *= 10 }
    return ((value * scale).rounded() / scale).plain
  }

  private func removeState() { System.removeFile(setup.statePath) }

  // MARK: - What it is

  /// Of everything that the model depends on.
  private func digest(_ run: RunContext) -> String {
    let text = JSONValue.object([
      ("run", .string(run.digest)), ("network", setup.declaration?.configuration.json ?? .string("from")),
      ("options", setup.options.json),
      ("loss", setup.loss.configuration.json), ("batch", .integer(setup.batch)),
      ("patch", .array((setup.patch + setup.align).map { .integer($0) })),
    ]).text
    return SHA256.hexDigest(of: Array(text.utf8))
  }

  /// Of what makes the training but its length and its data.
  private var course: String {
    let text = JSONValue.object([
      ("network", setup.declaration?.configuration.json ?? .string("from")),
      ("options", setup.options.course),
      ("loss", setup.loss.configuration.json), ("batch", .integer(setup.batch)),
      ("patch", .array((setup.patch + setup.align).map { .integer($0) })),
    ]).text
    return SHA256.hexDigest(of: Array(text.utf8))
  }

  /// The history of a finished model of this very training.
  private func finished(_ digest: String) -> TrainingHistory? {
    guard let metadata = try? ModelFile.open(setup.modelPath).metadata,
      metadata.provenance["digest"] == digest
    else { return nil }
    return metadata.history
  }

  private func reportDigest(_ run: RunContext) throws(StageError) {
    let digest = try Self.make { () throws in try ModelSource.digest(setup.modelPath) }
    run.report(.attribute(key: digestKey, .text(digest)))
    removeState()
  }

  private func provenance(
    _ training: TrainingRun, _ digest: String, _ run: RunContext, _ started: Int
  ) -> [String: String] {
    let progress = training.progress
    var facts = [
      "program": "isotach \(run.version)", "pipeline": run.pipeline, "date": run.nowText, "digest": digest,
      "inputs": run.digest, "seed": "\(setup.options.seed)", "steps": "\(progress.step)",
      "batch": "\(setup.batch)",
      "optimiser": setup.options.optimiser.configuration.json.text, "rate": "\(setup.options.baseRate)",
      "schedule": setup.options.schedule.configuration.json.text,
      "cells": "\(setup.training.area.count)", "times": "\(setup.training.times.count)",
    ]
    if let adversarial = setup.options.adversarial { facts["adversarial"] = adversarial.json.text }
    if let line = progress.history.lines.last { facts["training_loss"] = "\(line.trainingLoss)" }
    if progress.bestLoss.isFinite {
      facts["validation_loss"] = "\(progress.bestLoss)"
      facts["best_step"] = "\(progress.bestStep)"
    }
    return facts
  }

  private func tellMemory(_ plan: TrainingPlan, _ run: RunContext) {
    let parts = plan.memory.map { "\($0.what) \(($0.bytes + 500_000) / 1_000_000)" }.joined(separator: ", ")
    let opponent = plan.discriminatorCount.map { ", \($0) of the discriminator" } ?? ""
    run.tell("\(plan.network.parameterCount) parameters\(opponent); memory in MB: \(parts)")
  }

  /// The history as the stage's result; lines that an early end left out are missing.
  private func block(_ history: TrainingHistory) throws(StageError) -> Grids.Block {
    let block: Grids.Block
    do { block = try Grids.Block(missing: output.whole) } catch { throw StageError("\(error)") }
    let places = Dictionary(
      setup.lines.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
    for line in history.lines {
      guard let layer = places[line.step] else { continue }
      let values = [
        line.trainingLoss, line.validationLoss, line.rate, line.discriminatorLoss ?? .nan,
        line.adversarialLoss ?? .nan,
      ].prefix(output.variables.count)
      for (variable, value) in values.enumerated() where Float(value).isFinite {
        let index = block.mapOffset(variable, 0, layer)
        block.values[index] = Float(value)
        block.validity[index] = 1
      }
    }
    return block
  }
}

/// The plans for numbers of threads, made when they are first asked for.
private final class PlanCache: Sendable {
  private struct Facts {
    var bytes: [Int: Int] = [:]
    var operations: Double?
    var parameters: Int?
    var reach: (halo: [Int]?, scale: Double?)?
  }
  private let facts = Mutex(Facts())

  func bytes(_ setup: TrainingSetup, _ threads: Int) -> Int {
    if let known = facts.withLock({ $0.bytes[threads] }) { return known }
    // The plan has been made once, when the keys were checked.
    let bytes = (try? setup.plan(threads: threads))?.bytes ?? 0
    facts.withLock { $0.bytes[threads] = bytes }
    return bytes
  }

  func operations(_ setup: TrainingSetup) -> Double {
    if let known = facts.withLock({ $0.operations }) { return known }
    let operations = (try? setup.plan(threads: 1))?.operations ?? 0
    facts.withLock { $0.operations = operations }
    return operations
  }

  func parameters(_ setup: TrainingSetup) -> Int {
    if let known = facts.withLock({ $0.parameters }) { return known }
    let count = (try? setup.plan(threads: 1))?.network.parameterCount ?? 0
    facts.withLock { $0.parameters = count }
    return count
  }

  /// Cells on each side that the output depends on, and how many times finer the output is; nil where that cannot be
  /// said.
  func reach(_ setup: TrainingSetup) -> (halo: [Int]?, scale: Double?) {
    if let known = facts.withLock({ $0.reach }) { return known }
    var found: (halo: [Int]?, scale: Double?)
    let shape = try? Shape([1, setup.fields.inputs.count] + setup.patch)
    if let shape,
      let network = try? setup.definition.network(input: shape, .inference, domain: setup.trainingDomain)
    {
      let reach = Reach(network.graph, from: network.input, to: network.output)
      let made = network.outputShape.extents
      let tilings = [reach.tiling(dimension: 2), reach.tiling(dimension: 1)].compactMap { $0 }
      if made.count == 4, tilings.count == 2 {
        let cells = (0..<2).compactMap { axis in
          Footprint(input: setup.patch[axis], output: made[2 + axis], scale: tilings[axis].scale)?.halo(
            tilings[axis])
        }
        if cells.count == 2 { found.halo = cells }
        if tilings[0].scale == tilings[1].scale {
          found.scale = Double(tilings[0].scale.numerator) / Double(tilings[0].scale.denominator)
        }
      }
    }
    facts.withLock { $0.reach = found }
    return found
  }
}

extension TrainingSetup {
  /// What the channels of the output mean, when the target is one map of classes; a number that the file gives no
  /// meaning stands for itself.
  var classes: [String] {
    let variables = fields.target.description.variables
    guard variables.count == 1, let flags = variables[0].flags, loss.channelsPerVariable > 1 else {
      return []
    }
    return (0..<loss.channelsPerVariable).map { number in
      flags.first { Int($0.value) == number }?.meaning ?? "\(number)"
    }
  }

  /// The cosine of each cell's latitude.
  func latitudeWeights() throws -> [Float] {
    let grid = try fields.grid.withComputedCenters()
    return (0..<grid.count).map { cell in
      let latitude = grid.center(cell / grid.nx, cell % grid.nx).latitude
      return Float(max(0, System.cos(latitude * .pi / 180)))
    }
  }
}
