import Compute
import Tensors

/// A network in training: its numbers, and the programs that change and measure them. Used by one thread at a time.
@safe public final class Trainer: @unchecked Sendable {
  public let plan: TrainingPlan
  public let parameters: Parameters
  /// The numbers of the best validation so far; nil when the last ones are kept.
  public let best: Parameters?
  /// False when the numbers are those of another model.
  private let isNew: Bool
  let moments: [(slot: String, values: Parameters)]
  private let gradients: Parameters
  private let training: Program
  private let validation: Program
  private let team: ThreadTeam
  /// Stretches of parameters that are updated by themselves, none longer than `grain`.
  private let pieces: [Piece]
  private static let grain = 1 << 16

  private struct Piece: Sendable {
    let target: Int
    let source: Int
    let count: Int
    let multiplier: Double
  }

  /// Takes all memory of the plan.
  /// - Parameter parameters: what to begin with; nil: new numbers of the plan's seed.
  /// - Throws: `ModelError` when there is no memory for it.
  public init(_ plan: TrainingPlan, parameters: Parameters? = nil, threads: Int) throws(ModelError) {
    self.plan = plan
    isNew = parameters == nil
    do {
      self.parameters = try plan.network.initialParameters(seed: plan.options.seed)
      if let parameters {
        _ = try plan.checked(parameters)
        for entry in plan.layout.entries {
          guard let given = parameters[entry.name] else { continue }
          unsafe self.parameters[entry].pointer.update(from: given.pointer, count: given.count)
        }
      }
      best = plan.options.keepsBest ? try self.parameters.clone() : nil
      gradients = try Parameters(plan.trained)
      moments = try plan.options.optimiser.slots.map { slot in
        let values = try Parameters(plan.trained)
        let start = plan.options.optimiser.initialState(slot)
        for entry in plan.trained.entries where start != 0 { values[entry].fill(start) }
        return (slot, values)
      }
      team = ThreadTeam(threads: threads)
      training = try Program(plan.training, team: team)
      validation = try Program(plan.validation, team: team)
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError(.mismatch, "\(error)")
    }
    var pieces: [Piece] = []
    for entry in plan.trained.entries {
      guard let target = plan.layout[entry.name] else { continue }
      let multiplier = plan.options.multiplier(entry.name) ?? 1
      for start in stride(from: 0, to: entry.shape.count, by: Self.grain) {
        pieces.append(
          Piece(
            target: target.offset + start, source: entry.offset + start,
            count: min(Self.grain, entry.shape.count - start), multiplier: multiplier))
      }
    }
    self.pieces = pieces
    for (name, numbers) in plan.constants {
      guard let tensor = gradients[name] else { continue }
      for (index, number) in numbers.enumerated() where index < tensor.count { tensor[index] = Float(number) }
    }
  }

  /// Before the first step: weights that begin with `lsuv` are scaled on its batch.
  /// - Throws: `ModelError` when the outputs of a layer are not finite.
  func equalise(_ batch: Batch) throws(ModelError) {
    guard isNew, let first = plan.unitVariance.values.first else { return }
    do {
      try LayerSequentialUnitVariance(tolerance: first.tolerance, trials: first.trials).apply(
        to: parameters, of: plan.network, ["input": batch.input], team: team,
        where: { plan.unitVariance[$0] != nil })
      best?.copy(from: parameters)
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError(.mismatch, "\(error)")
    }
  }

  /// One step: forward, loss, gradients, update.
  ///
  /// - Parameters:
  ///   - number: the step, from 0.
  ///   - rate: of this step.
  /// - Returns: the loss before the update; nil when no cell of the batch counts: nothing is changed then.
  /// - Throws: `ModelError.notFinite` naming the first layer, parameter or channel that is not a finite number;
  ///   the trained parameters are as they were before the step.
  public func step(_ batch: Batch, number: Int, rate: Double) throws(ModelError) -> Double? {
    guard batch.totalWeight > 0 else { return nil }
    let context = StepContext(seed: plan.options.seed, step: UInt64(max(0, number)))
    let loss = try run(training, batch, context)
    for (from, to) in plan.copies {
      guard let source = gradients[from], let target = gradients[to] else { continue }
      unsafe target.pointer.update(from: source.pointer, count: source.count)
    }
    let each = plan.trained.entries.map { unsafe gradients[$0].values }
    let norm = loss.isFinite ? unsafe (plan.options.clipping ?? Clipping()).apply(each, team: team) : .nan
    guard loss.isFinite, norm.isFinite else { throw fault(batch, context, loss: loss) }
    if !plan.constants.isEmpty { restoreConstants() }
    let (optimiser, decay) = (plan.options.optimiser, plan.options.baseDecay)
    team.parallel(pieces.count) { index in
      let piece = self.pieces[index]
      func part(_ values: Parameters, _ start: Int) -> UnsafeMutableBufferPointer<Float> {
        unsafe UnsafeMutableBufferPointer(rebasing: values.all[start..<start + piece.count])
      }
      unsafe optimiser.update(
        part(self.parameters, piece.target),
        gradient: UnsafeBufferPointer(part(self.gradients, piece.source)),
        slots: self.moments.map { unsafe part($0.values, piece.source) }, rate: rate * piece.multiplier,
        decay: decay,
        step: number + 1)
    }
    return loss
  }

  /// Clipping may have changed them.
  private func restoreConstants() {
    for (name, numbers) in plan.constants {
      guard let tensor = gradients[name] else { continue }
      for (index, number) in numbers.enumerated() where index < tensor.count { tensor[index] = Float(number) }
    }
  }

  /// The loss of a batch in inference mode, nothing changed.
  /// - Throws: `ModelError.notFinite` as `step`.
  public func measure(_ batch: Batch) throws(ModelError) -> Double {
    let loss = try run(validation, batch, StepContext(seed: plan.options.seed))
    guard loss.isFinite else {
      throw firstFault(validation, batch, StepContext(seed: plan.options.seed))
        ?? ModelError(.notFinite, subject: "loss", "the validation loss is not finite")
    }
    return loss
  }

  /// Remembers the present numbers as the best.
  func keep() { best?.copy(from: parameters) }

  private func run(
    _ program: Program, _ batch: Batch, _ context: StepContext,
    monitor: ((Graph.Node, [Operand<Float>]) -> Void)? = nil
  ) throws(ModelError) -> Double {
    var external: [String: Operand<Float>] = [:]
    for entry in plan.trained.entries { external[entry.name] = gradients[entry] }
    do {
      return try program.run(
        ["input": batch.input, "target": batch.target, "weights": batch.weights], external: external,
        parameters: parameters, step: context, monitor: monitor
      ) { outputs in outputs["loss"].map { Double($0[0]) } ?? .nan }
    } catch {
      throw ModelError(.mismatch, "\(error)")
    }
  }

  // MARK: - Numbers that are not finite

  private static func isFinite(_ tensor: Operand<Float>) -> Bool {
    // A sum of differences is 0 unless one of them is NaN.
    var sum: Float = 0
    for i in 0..<tensor.count {
      let number = tensor[i]
      sum += number - number
    }
    return sum == 0
  }

  private func fault(_ batch: Batch, _ context: StepContext, loss: Double) -> ModelError {
    if let found = firstFault(training, batch, context) { return found }
    if !loss.isFinite { return ModelError(.notFinite, subject: "loss", "the loss is not finite") }
    for entry in plan.trained.entries where !Self.isFinite(gradients[entry]) {
      return ModelError(.notFinite, subject: entry.name, "its gradient is not finite")
    }
    return ModelError(.notFinite, "the norm of the gradients is not finite")
  }

  /// Looks where the first number that is not finite comes from: given ones first, then node by node.
  private func firstFault(_ program: Program, _ batch: Batch, _ context: StepContext) -> ModelError? {
    for (name, tensor) in [("input", batch.input), ("target", batch.target), ("weights", batch.weights)]
    where !Self.isFinite(tensor) {
      return ModelError(.notFinite, subject: name, "a number of the batch is not finite")
    }
    // Statistics are left out in training: this very step has written them.
    let entries = program === training ? plan.trained.entries : plan.layout.entries
    for entry in entries {
      guard let tensor = parameters[entry.name], !Self.isFinite(tensor) else { continue }
      return ModelError(
        .notFinite, subject: entry.name, "the parameter is not finite",
        remedy: "a smaller rate, or `clip`, holds steps small")
    }
    var found: ModelError?
    _ = try? run(
      program, batch, context,
      monitor: { node, outputs in
        guard found == nil, outputs.contains(where: { !Self.isFinite($0) }) else { return }
        found = ModelError(
          .notFinite, subject: node.call.path.isEmpty ? nil : node.call.path,
          "\(type(of: node.op).name) is the first that makes a number that is not finite",
          remedy: "a smaller rate, or `clip`, holds steps small")
      })
    return found
  }
}
