import Compute
import Tensors

/// A network in training: its numbers, and the programs that change and measure them. Used by one thread at a time.
@safe public final class Trainer: @unchecked Sendable {
  public let plan: TrainingPlan
  public let parameters: Parameters
  /// The numbers of the best validation so far; nil when the last ones are kept.
  public let best: Parameters?
  /// What a step against a discriminator has found.
  public struct Judgement: Sendable, Hashable {
    /// The discriminator's own loss, before its update.
    public let discriminator: Double
    /// What it adds to the network's loss, without the weight.
    public let adversarial: Double
  }
  /// Of the last step; nil when it was by the loss alone.
  public private(set) var judgement: Judgement?
  /// False when the numbers are those of another model.
  private let isNew: Bool
  let learner: Learner
  /// The discriminator.
  let opponent: Learner?
  private let alone: Program?
  private let opposed: Program?
  private let opponentStep: Program?
  private let validation: Program
  private let team: ThreadTeam

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
      learner = try Learner(
        self.parameters, trained: plan.trained, optimiser: plan.options.optimiser,
        decay: plan.options.baseDecay,
        multiplier: { plan.options.multiplier($0) ?? 1 })
      opponent = try plan.adversary.map { adversary in
        try Learner(
          try adversary.network.initialParameters(seed: plan.options.seed), trained: adversary.trained,
          optimiser: adversary.options.optimiser, decay: adversary.options.optimiser.defaultDecay,
          multiplier: { _ in 1 })
      }
      team = ThreadTeam(threads: threads)
      let team = team
      func program(_ plan: ProgramPlan?) throws -> Program? { try plan.map { try Program($0, team: team) } }
      alone = try program(plan.alone?.program)
      opposed = try program(plan.opposed?.program)
      opponentStep = try program(plan.adversary?.step.program)
      validation = try Program(plan.validation, team: team)
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError(.mismatch, "\(error)")
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

  /// One step: forward, loss, gradients, update; against a discriminator that one's step first.
  ///
  /// - Parameters:
  ///   - number: the step, from 0.
  ///   - rate: of this step.
  ///   - opponentRate: of the discriminator; nil: its own, or the same.
  /// - Returns: the loss before the update; nil when no cell of the batch counts: nothing is changed then.
  /// - Throws: `ModelError.notFinite` naming the first layer, parameter or channel that is not a finite number;
  ///   the trained parameters are as they were before the step, but for those of the discriminator, whose step may be
  ///   done.
  public func step(_ batch: Batch, number: Int, rate: Double, opponentRate: Double? = nil) throws(ModelError)
    -> Double?
  {
    judgement = nil
    guard batch.totalWeight > 0 else { return nil }
    let context = StepContext(seed: plan.options.seed, step: UInt64(max(0, number)))
    if let opponent, let opponentStep, let opposed, let adversary = plan.adversary, let step = plan.opposed,
      number >= adversary.options.warmUp
    {
      let rates = opponentRate ?? adversary.options.rate ?? rate
      // Its first update is number 1, whenever it comes: the moments begin then.
      let before = try learn(
        opponent, opponentStep, adversary.step, batch, context, rate: rates,
        number: number - adversary.options.warmUp + 1)
      let found = try learn(learner, opposed, step, batch, context, rate: rate, number: number + 1)
      judgement = Judgement(
        discriminator: before["loss"] ?? .nan, adversarial: found["adversarial"] ?? .nan)
      return found["loss"]
    }
    guard let alone, let step = plan.alone else { return nil }
    return try learn(learner, alone, step, batch, context, rate: rate, number: number + 1)["loss"]
  }

  /// Losses, gradients, update.
  private func learn(
    _ learner: Learner, _ program: Program, _ step: LearningStep, _ batch: Batch, _ context: StepContext,
    rate: Double, number: Int
  ) throws(ModelError) -> [String: Double] {
    let losses = try run(program, batch, context, learner)
    let isFinite = losses.values.allSatisfy(\.isFinite)
    guard isFinite, learner.finish(step, plan.options.clipping, team).isFinite else {
      throw fault(program, batch, context, learner, isFinite: isFinite)
    }
    learner.update(rate: rate, number: number, team)
    return losses
  }

  /// The loss of a batch in inference mode, nothing changed.
  /// - Throws: `ModelError.notFinite` as `step`.
  public func measure(_ batch: Batch) throws(ModelError) -> Double {
    let context = StepContext(seed: plan.options.seed)
    guard let loss = try run(validation, batch, context, nil)["loss"], loss.isFinite else {
      throw firstFault(validation, batch, context, nil)
        ?? ModelError(.notFinite, subject: "loss", "the validation loss is not finite")
    }
    return loss
  }

  /// Remembers the present numbers as the best.
  func keep() { best?.copy(from: parameters) }

  /// - Parameter learner: who gets the gradients.
  /// - Returns: the outputs, each one number.
  private func run(
    _ program: Program, _ batch: Batch, _ context: StepContext, _ learner: Learner?,
    monitor: ((Graph.Node, [Operand<Float>]) -> Void)? = nil
  ) throws(ModelError) -> [String: Double] {
    do {
      return try program.run(
        ["input": batch.input, "target": batch.target, "weights": batch.weights],
        external: learner?.external ?? [:], parameters: parameters, others: opponent?.parameters,
        step: context, monitor: monitor
      ) { outputs in outputs.mapValues { Double($0[0]) } }
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

  private func fault(
    _ program: Program, _ batch: Batch, _ context: StepContext, _ learner: Learner, isFinite: Bool
  ) -> ModelError {
    if let found = firstFault(program, batch, context, learner) { return found }
    if !isFinite { return ModelError(.notFinite, subject: "loss", "the loss is not finite") }
    for entry in learner.trained.entries where !Self.isFinite(learner.gradients[entry]) {
      return ModelError(.notFinite, subject: entry.name, "its gradient is not finite")
    }
    return ModelError(.notFinite, "the norm of the gradients is not finite")
  }

  /// Looks where the first number that is not finite comes from: given ones first, then node by node.
  private func firstFault(_ program: Program, _ batch: Batch, _ context: StepContext, _ learner: Learner?)
    -> ModelError?
  {
    for (name, tensor) in [("input", batch.input), ("target", batch.target), ("weights", batch.weights)]
    where !Self.isFinite(tensor) {
      return ModelError(.notFinite, subject: name, "a number of the batch is not finite")
    }
    // Statistics are left out in training: this very step has written them.
    var known: [(parameters: Parameters, entries: [ParameterLayout.Entry])] = [
      (parameters, learner == nil ? plan.layout.entries : plan.trained.entries)
    ]
    if learner != nil, let opponent { known.append((opponent.parameters, opponent.trained.entries)) }
    for (parameters, entries) in known {
      for entry in entries {
        guard let tensor = parameters[entry.name], !Self.isFinite(tensor) else { continue }
        return ModelError(
          .notFinite, subject: entry.name, "the parameter is not finite",
          remedy: "a smaller rate, or `clip`, holds steps small")
      }
    }
    var found: ModelError?
    _ = try? run(
      program, batch, context, learner,
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
