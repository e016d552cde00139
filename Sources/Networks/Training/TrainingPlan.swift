import Basics
import Compute
import Tensors

/// All that is known of a training before it has memory: the program of a step (forward, loss, gradients, new
/// statistics), the program of a validation, and how many bytes everything takes.
public struct TrainingPlan: Sendable {
  public let definition: any NetworkDefinition
  public let loss: any Loss
  public let options: TrainingOptions
  public let domain: DomainPadding
  /// In training mode.
  public let network: Network
  public let validation: ProgramPlan
  /// Parameters and statistics.
  public let layout: ParameterLayout
  /// The parameters that are trained.
  public let trained: ParameterLayout
  public let targetShape: Shape
  /// A step by the loss alone; nil when there is none.
  let alone: LearningStep?
  /// A step against a discriminator.
  let opposed: LearningStep?
  let adversary: AdversaryPlan?

  public var inputShape: Shape { network.inputShape }

  /// - Parameters:
  ///   - channels: of the input and of the target.
  ///   - patch: the spatial extents of the input.
  ///   - targetPatch: those of the target, for a network that refines; nil: the same.
  ///   - hasValidation: whether the second program is needed.
  /// - Throws: `ModelError` naming the layer, what was expected and found.
  public init(
    _ definition: any NetworkDefinition, loss: any Loss, options: TrainingOptions,
    channels: (input: Int, target: Int), patch: [Int], targetPatch: [Int]? = nil, batch: Int,
    domain: DomainPadding = .init(), threads: Int
  ) throws(ModelError) {
    (self.definition, self.loss, self.options, self.domain) = (definition, loss, options, domain)
    do {
      let input = try Shape([batch, channels.input] + patch)
      let target = try Shape([batch, channels.target] + (targetPatch ?? patch))
      var network = try definition.network(input: input, .training, domain: domain)
      try Self.check(network, loss, target)
      layout = try network.layout()
      let trained = network.parameters.filter { $0.isTrained && options.multiplier($0.name) != nil }
      self.trained = try ParameterLayout(trained.map { ($0.name, $0.shape) })
      guard !trained.isEmpty else {
        throw ModelError(.mismatch, "no parameter is trained", remedy: "freeze less")
      }
      targetShape = target
      let value = try Self.addLoss(loss, to: &network, target)
      func step(_ network: Network, _ total: Value, _ outputs: [(name: String, value: Value)]) throws
        -> LearningStep
      {
        try LearningStep(
          network.graph, of: total, by: trained, outputs: outputs, updates: network.updates, threads: threads)
      }
      let byLoss = options.adversarial.map { $0.warmUp > 0 } ?? true
      alone = byLoss ? try step(network, value, [("loss", value)]) : nil
      if let adversarial = options.adversarial {
        let opponent = try definition.network(input: input, .training, domain: domain)
        adversary = try AdversaryPlan(
          adversarial, of: opponent, target: target, domain: domain, threads: threads)
        var judged = network
        let judgement = try AdversaryPlan.judgement(adversarial, of: &judged, target: target, domain: domain)
        let weighted = try judged.graph.multiply(judgement, adversarial.weight)
        let total = try judged.graph.add(value, weighted)
        opposed = try step(judged, total, [("loss", value), ("adversarial", judgement)])
      } else {
        (adversary, opposed) = (nil, nil)
      }
      self.network = network
      var other = try definition.network(input: input, .inference, domain: domain)
      let measured = try Self.addLoss(loss, to: &other, target)
      let check = try optimised(
        other.graph, Goals(outputs: [("loss", measured)]), layouts: LayoutOptions(packsEachRun: true))
      validation = try ProgramPlan(check.graph, check.goals, threads: threads)
    } catch let error as ModelError {
      throw error
    } catch let error as GraphError {
      throw ModelError(error)
    } catch {
      throw ModelError(.mismatch, "\(error)")
    }
  }

  /// Everything that does not fit between the network, the loss, the discriminator and the target.
  /// - Parameters: as of `init`.
  public static func faults(
    _ spec: NetworkSpec, loss: any Loss, adversarial: Adversarial? = nil, channels: (input: Int, target: Int),
    patch: [Int], targetPatch: [Int]? = nil, batch: Int, domain: DomainPadding = .init()
  ) -> [ModelError] {
    do throws(ShapeError) {
      let target = try Shape([batch, channels.target] + (targetPatch ?? patch))
      let (faults, output) = spec.faults(input: try Shape([batch, channels.input] + patch), domain: domain)
      var list = faults.map { ModelError($0) }
      if let output {
        let own = unfit("its output", output, loss, target)
        // Sizes behind a fault are what was assumed, channels what the layers declare.
        list += list.isEmpty ? own : own.filter { $0.cause.hasPrefix("the channels") }
        if let adversarial, list.isEmpty {
          list += adversarial.faults(channels: channels, output: output, domain: domain)
        }
      }
      return list
    } catch {
      return [ModelError(.mismatch, "\(error)")]
    }
  }

  private static func check(_ network: Network, _ loss: any Loss, _ target: Shape) throws(ModelError) {
    let outputs =
      [(name: "its output", value: network.output)]
      + network.sideOutputs.filter { $0.rebuilds == nil }.map {
        (name: "its side output \($0.name)", value: $0.value)
      }
    for (name, value) in outputs {
      if let error = unfit(name, network.graph.shape(value), loss, target).first { throw error }
    }
  }

  /// What is wrong with an output, which must be [batch, channels, ...] of the target, or smaller by as much on both
  /// sides.
  private static func unfit(_ name: String, _ shape: Shape, _ loss: any Loss, _ target: Shape) -> [ModelError]
  {
    // One answer for the whole patch stands for the target's cell in its middle.
    let isPatchwise = shape.rank == 2
    guard shape.rank == target.rank || isPatchwise else {
      return [
        ModelError(
          .mismatch, subject: "network", "the shape of \(name)", expected: "\(target)", found: "\(shape)",
          remedy: "it must be a map for each channel")
      ]
    }
    var list: [ModelError] = []
    let wanted = target.extents[1] * loss.channelsPerVariable
    if shape.extents[1] != wanted {
      list.append(
        ModelError(
          .mismatch, subject: "network", "the channels of \(name)", expected: "\(wanted)",
          found: "\(shape.extents[1])",
          remedy: loss.channelsPerVariable > 1
            ? "the loss takes \(loss.channelsPerVariable) channels for each of the \(target.extents[1]) of the target"
            : "the target has \(target.extents[1])"))
    }
    for axis in 2..<target.rank where !isPatchwise {
      let (made, given) = (shape.extents[axis], target.extents[axis])
      guard made <= given, made >= 1, (given - made) % 2 == 0 else {
        list.append(
          ModelError(
            .mismatch, subject: "network", "the size of \(name) along axis \(axis)", expected: "\(given)",
            found: "\(made)", remedy: "choose another patch, or layers that keep the size"))
        continue
      }
    }
    return list
  }

  private static func addLoss(_ loss: any Loss, to network: inout Network, _ target: Shape) throws(GraphError)
    -> Value
  {
    var graph = network.graph
    let path = graph.path
    graph.path = "loss"
    let truth = try graph.input("target", target)
    let weights = try graph.input("weights", target)
    func part(_ prediction: Value) throws(GraphError) -> Value {
      var prediction = prediction
      var (truth, weights) = (truth, weights)
      if graph.shape(prediction).rank == 2, target.rank > 2 {
        let shape = graph.shape(prediction)
        prediction = try graph.one(
          Reshape([shape[0], shape[1]] + target.extents.dropFirst(2).map { _ in 1 }, allowsZero: true),
          prediction)
        for axis in 2..<target.rank {
          let middle = Slice(axis: axis, target.extents[axis] / 2, target.extents[axis] / 2 + 1)
          truth = try graph.one(middle, truth)
          weights = try graph.one(middle, weights)
        }
        return try loss.build(prediction, truth, weights: weights, in: &graph)
      }
      let shape = graph.shape(prediction)
      for axis in 2..<target.rank where shape.extents[axis] < target.extents[axis] {
        // A network without padding says nothing about the border.
        let start = (target.extents[axis] - shape.extents[axis]) / 2
        let slice = Slice(axis: axis, start, start + shape.extents[axis])
        truth = try graph.one(slice, truth)
        weights = try graph.one(slice, weights)
      }
      return try loss.build(prediction, truth, weights: weights, in: &graph)
    }
    var total = try part(network.output)
    for side in network.sideOutputs {
      let own =
        if let rebuilding = side.rebuilds {
          try rebuilding.loss(side.value, of: network.input, in: &graph)
        } else {
          try part(side.value)
        }
      let weighted = try graph.one(Mul(), own, graph.constant(side.weight))
      total = try graph.one(Add(), total, weighted)
    }
    graph.path = path
    network.graph = graph
    return total
  }

  /// Says whether the numbers of another model can be the start.
  /// - Throws: `ModelError` naming the parameter that is missing or has another shape.
  public func checked(_ parameters: Parameters) throws(ModelError) -> Parameters {
    for entry in layout.entries {
      guard let given = parameters[entry.name] else {
        throw ModelError(.mismatch, subject: entry.name, "the model to start from has no such parameter")
      }
      guard given.shape == entry.shape else {
        throw ModelError(
          .mismatch, subject: entry.name, "the shape in the model to start from", expected: "\(entry.shape)",
          found: "\(given.shape)")
      }
    }
    return parameters
  }

  /// The weights that are scaled on the first batch, by their paths.
  var unitVariance: [String: LSUV] {
    var found: [String: LSUV] = [:]
    for parameter in network.parameters { found[parameter.name] = parameter.initialiser as? LSUV }
    return found
  }

  /// Bytes that the training holds, by what for.
  public var memory: [(what: String, bytes: Int)] {
    let batch = inputShape.bytes + 2 * targetShape.bytes
    var list: [(what: String, bytes: Int)] = [
      ("parameters", layout.bytes * (options.keepsBest ? 2 : 1)), ("gradients", trained.bytes),
      ("moments", trained.bytes * options.optimiser.slots.count),
    ]
    if let alone { list.append((opposed == nil ? "training step" : "warm-up step", alone.program.bytes)) }
    if let opposed { list.append(("training step", opposed.program.bytes)) }
    if let adversary {
      let copies = 1 + adversary.options.optimiser.slots.count
      list.append(("discriminator", adversary.layout.bytes + copies * adversary.trained.bytes))
      list.append(("discriminator step", adversary.step.program.bytes))
    }
    list.append(("validation step", validation.bytes))
    // One that is trained on, one that is filled meanwhile.
    list.append(("batches", 2 * batch))
    if !unitVariance.isEmpty { list.append(("first batch, layer by layer", validation.bytes)) }
    return list
  }

  public var bytes: Int { memory.reduce(0) { $0 + $1.bytes } }

  /// Floating-point operations of a step; those of the warm-up and the others in their proportion.
  public var operations: Double {
    let before = alone?.program.operations ?? 0
    guard let adversary, let opposed else { return before }
    let share = Double(min(adversary.options.warmUp, options.steps)) / Double(options.steps)
    return share * before + (1 - share) * (opposed.program.operations + adversary.step.program.operations)
  }

  /// Numbers of the discriminator that are trained.
  public var discriminatorCount: Int? {
    adversary.map { $0.trained.entries.reduce(0) { $0 + $1.shape.count } }
  }
}

extension ModelError {
  /// What does not fit in a network: the layer is the subject.
  init(_ error: GraphError) {
    self.init(
      .mismatch, subject: error.path.isEmpty ? nil : error.path,
      GraphError(path: "", error.cause, shapes: error.shapes).description)
  }
}
