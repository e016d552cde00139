import Compute
import Tensors

/// What a training against a discriminator has beside the network's own step.
struct AdversaryPlan: Sendable {
  let options: Adversarial
  /// With the network in front of it: what it sees is the network's output.
  let network: Network
  /// Parameters and statistics of the discriminator, `discriminator.` in front of their names. Statistics stay as they
  /// are: it is never used outside of training.
  let layout: ParameterLayout
  let trained: ParameterLayout
  let step: LearningStep

  /// - Parameter network: in training mode, nothing added to it; it is not changed by the step.
  init(_ options: Adversarial, of network: Network, target: Shape, domain: DomainPadding, threads: Int) throws
  {
    self.options = options
    var builder = options.builder(network.graph, domain)
    let scene = try Scene(network, target, in: &builder.graph)
    let real = try options.judge(scene.real, scene, in: &builder)
    let fake = try options.judge(scene.fake, scene, in: &builder)
    builder.graph.path = "loss"
    let loss = try options.objective.discriminator(real: real, fake: fake, in: &builder.graph)
    let trained = builder.parameters.filter(\.isTrained)
    guard !trained.isEmpty else {
      throw ModelError(.mismatch, subject: "discriminator", "it has nothing to train")
    }
    if let scaled = trained.first(where: { $0.initialiser is LSUV }) {
      throw ModelError(
        .mismatch, subject: scaled.name, "a discriminator cannot begin with `lsuv`",
        remedy: "choose an initialiser that needs no data")
    }
    layout = try ParameterLayout(builder.parameters.map { ($0.name, $0.shape) })
    self.trained = try ParameterLayout(trained.map { ($0.name, $0.shape) })
    step = try LearningStep(builder.graph, of: loss, by: trained, outputs: [("loss", loss)], threads: threads)
    self.network = Network(
      graph: builder.graph, input: network.input, output: fake, parameters: builder.parameters,
      mode: .training)
  }

  /// What the discriminator says of the network's output, for the network's own step.
  /// - Returns: the value that is added to the loss, without its weight.
  static func judgement(
    _ options: Adversarial, of network: inout Network, target: Shape, domain: DomainPadding
  )
    throws(GraphError) -> Value
  {
    var builder = options.builder(network.graph, domain)
    let scene = try Scene(network, target, in: &builder.graph)
    let fake = try options.judge(scene.fake, scene, in: &builder)
    let path = builder.graph.path
    builder.graph.path = "loss"
    let loss = try options.objective.generator(fake: fake, in: &builder.graph)
    builder.graph.path = path
    network.graph = builder.graph
    return loss
  }

  /// What a discriminator is shown.
  struct Scene {
    /// The network's input, on the cells of the output: on finer ones each cell several times.
    let condition: Value
    /// The target, and the network's output with zeros where the target has no values, as the target has them.
    let real: Value
    let fake: Value

    init(_ network: Network, _ target: Shape, in graph: inout Graph) throws(GraphError) {
      let path = graph.path
      defer { graph.path = path }
      graph.path = "discriminator"
      let output = graph.shape(network.output)
      guard output.rank == target.rank, target.rank > 2 else {
        throw GraphError(
          path: "discriminator", "there is no field to judge in one answer for a whole patch",
          shapes: [output])
      }
      var (truth, weights) = (try graph.input("target", target), try graph.input("weights", target))
      var condition = network.input
      let space = Array(target.extents.dropFirst(2))
      if Array(graph.shape(condition).extents.dropFirst(2)) != space {
        let resize = Compute.Resize(
          .sizes(space), axes: Array(2..<target.rank), mode: .nearest,
          coordinates: .asymmetric, rounding: .floor)
        condition = try graph.one(resize, condition)
      }
      for axis in 2..<target.rank where output.extents[axis] < target.extents[axis] {
        // A network without padding says nothing about the border.
        let start = (target.extents[axis] - output.extents[axis]) / 2
        let slice = Slice(axis: axis, start, start + output.extents[axis])
        truth = try graph.one(slice, truth)
        weights = try graph.one(slice, weights)
        condition = try graph.one(slice, condition)
      }
      let isKnown = try graph.isGreater(weights, 0)
      let zero = graph.constant(0)
      real = try graph.choose(isKnown, truth, zero)
      fake = try graph.choose(isKnown, network.output, zero)
      self.condition = condition
    }
  }
}

extension Adversarial {
  /// Its layers draw other random numbers than the network's.
  fileprivate func builder(_ graph: Graph, _ domain: DomainPadding) -> NetworkBuilder {
    NetworkBuilder(.training, domain: domain, extending: graph, streams: 1 << 31)
  }

  /// The discriminator's output for a field beside the condition.
  func judge(_ field: Value, _ scene: AdversaryPlan.Scene, in builder: inout NetworkBuilder)
    throws(GraphError) -> Value
  {
    try builder.scoped("discriminator") { builder throws(GraphError) in
      let seen = try builder.graph.concat([scene.condition, field], axis: 1)
      return try builder.add(discriminator.root, to: seen)
    }
  }

  /// Everything that does not fit in the discriminator.
  /// - Parameters:
  ///   - channels: of the network's input and of the target.
  ///   - output: the shape of what the network makes.
  func faults(channels: (input: Int, target: Int), output: Shape, domain: DomainPadding) -> [ModelError] {
    guard output.rank > 2, let seen = output.with(channels: channels.input + channels.target) else {
      return []
    }
    return discriminator.faults(input: seen, domain: domain).list.map { error in
      let fault = ModelError(error)
      return ModelError(
        fault.kind, subject: "discriminator" + (error.path.isEmpty ? "" : "." + error.path), fault.cause,
        expected: fault.expected, found: fault.found, remedy: fault.remedy)
    }
  }
}
