import Compute
import Networks
import Tensors

/// `training`: forward, backward, statistics and Adam of a reference net, with the mean squared difference from zeros.
enum BenchTraining {
  static func run(_ options: BenchOptions) async throws {
    let name = options.text("net", "unet32")
    let extents = try BenchNetwork.shape(options.text("shape", "8x5x128x128"))
    var settings = try BenchNetwork.Options(options)
    settings.layouts?.packsEachRun = true
    try options.finish()
    let start = Clock.seconds()
    let network = try BenchNets.spec(name).network(input: try Shape(extents), .training)
    var graph = network.graph
    let target = try graph.input("target", network.outputShape)
    let loss = try MeanSquaredError().build(network.output, target, weights: nil, in: &graph)
    let trained = network.parameters.filter(\.isTrained)
    var values: [Value] = []
    for parameter in trained { values.append(try graph.parameter(parameter.name, parameter.shape)) }
    let gradients = try differentiate(loss, by: values, in: &graph)
    let made = try optimised(
      graph,
      Goals(
        outputs: [("loss", loss)], external: zip(trained, gradients).map { (name: $0.name, value: $1) },
        updates: network.updates), layouts: settings.layouts)
    let plan = try ProgramPlan(made.graph, made.goals, threads: settings.threads)
    let team = ThreadTeam(threads: settings.threads)
    let program = try Program(plan, team: team)
    let parameters = try network.initialParameters(seed: 1)
    let layout = try ParameterLayout(trained.map { ($0.name, $0.shape) })
    let (seeds, optimiser) = (try Parameters(layout), Adam())
    let moments = try optimiser.slots.map { _ in try Parameters(layout) }
    var external: [String: Operand<Float>] = [:]
    for entry in layout.entries { external[entry.name] = seeds[entry] }
    let input = try Tensor(repeating: 0, network.inputShape)
    let stream = RandomStream(seed: 7, stream: 0)
    for index in 0..<input.shape.count { input.storage[index] = stream.uniform(at: UInt64(index)) - 0.5 }
    let zeros = try Tensor(repeating: 0, network.outputShape)
    let given = [
      "input": Operand(input.shape, input.storage), "target": Operand(zeros.shape, zeros.storage),
    ]
    // Stretches of the parameters, as the trainer takes them.
    let grain = 1 << 16
    var pieces: [(target: Int, source: Int, count: Int)] = []
    for entry in layout.entries {
      guard let place = parameters.layout[entry.name] else { continue }
      for first in stride(from: 0, to: entry.shape.count, by: grain) {
        pieces.append((place.offset + first, entry.offset + first, min(grain, entry.shape.count - first)))
      }
    }
    let stretches = pieces
    var number = 0
    func once(_ monitor: ((Graph.Node, [Operand<Float>]) -> Void)? = nil) throws -> Double {
      let start = Clock.seconds()
      try program.run(given, external: external, parameters: parameters, monitor: monitor) { _ in }
      number += 1
      let step = number
      team.parallel(stretches.count) { index in
        let piece = stretches[index]
        func part(_ values: Parameters, _ start: Int) -> UnsafeMutableBufferPointer<Float> {
          UnsafeMutableBufferPointer(rebasing: values.all[start..<start + piece.count])
        }
        optimiser.update(
          part(parameters, piece.target), gradient: UnsafeBufferPointer(part(seeds, piece.source)),
          slots: moments.map { part($0, piece.source) }, rate: 1e-4, decay: 0, step: step)
      }
      return Clock.seconds() - start
    }
    let prepared = Clock.seconds()
    var times: [Double] = []
    var processor = Double.infinity
    _ = try once()
    _ = try once()
    let begin = Clock.seconds()
    while times.count < settings.repeats, times.count < 3 || Clock.seconds() - begin < 4 {
      let used = BenchConv.Times.processor()
      times.append(try once())
      processor = min(processor, BenchConv.Times.processor() - used)
    }
    BenchNetwork.report(
      "training", name, extents, settings, times, processor,
      operations: 3 * network.graph.directOperations(for: Goals(outputs: [("y", network.output)])),
      prepared: prepared - start, plan)
    if settings.profiles { try BenchNetwork.profile(once, made.graph) }
  }
}
