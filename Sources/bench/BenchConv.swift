#if canImport(Glibc)
  import Glibc
#endif

import Compute
import Networks
import Tensors

/// Convolutions of a UNet and its training step. `Tests/peers/bench_conv.py` does the same with PyTorch.
enum BenchConv {
  /// Batch, channels, filters, extent, kernel, stride.
  static let layers = [
    (8, 5, 16, 64, 3), (8, 16, 16, 64, 3), (8, 32, 16, 64, 3), (8, 16, 32, 32, 3), (8, 64, 64, 16, 3),
    (8, 128, 128, 8, 3), (8, 256, 256, 4, 3), (8, 16, 1, 64, 1), (8, 32, 32, 128, 3), (1, 32, 32, 256, 3),
  ]

  static func run(_ options: BenchOptions) async throws {
    let threads = try options.integer("threads", 2)
    let runs = try options.integer("runs", 5)
    let what = options.text("what", "all")
    let (base, batch) = (try options.integer("base", 16), try options.integer("batch", 8))
    let (size, depth) = (try options.integer("size", 64), try options.integer("depth", 4))
    let profiles = options.text("profile", "no") == "yes"
    try options.finish()
    let team = ThreadTeam(threads: threads)
    if what != "step" {
      for (batch, channels, filters, extent, kernel) in layers {
        try layer(batch, channels, filters, extent, kernel, runs, team)
      }
    }
    if what != "layers" { try step(base, batch, size, depth, runs, profiles, team) }
  }

  /// The least wall and processor time of some runs: the second says something on a busy machine too.
  struct Times {
    var seconds = Double.infinity
    var processor = Double.infinity
    mutating func measure(_ work: () throws -> Void) rethrows {
      let (start, used) = (Clock.seconds(), Self.processor())
      try work()
      seconds = min(seconds, Clock.seconds() - start)
      processor = min(processor, Self.processor() - used)
    }
    static func processor() -> Double {
      var now = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
      return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
  }

  static func report(_ what: String, _ way: String, _ threads: Int, _ times: Times, _ operations: Double) {
    func milliseconds(_ seconds: Double) -> Double { (seconds * 1e5).rounded() / 100 }
    print(
      #"{"bench":"conv","case":"\#(what)","way":"\#(way)","workers":\#(threads),"#
        + #""milliseconds":\#(milliseconds(times.seconds)),"#
        + #""processor_milliseconds":\#(milliseconds(times.processor)),"#
        + #""gigaflops":\#((operations / times.seconds / 1e8).rounded() / 10)}"#)
  }

  private static func parameters(_ graph: Graph) throws -> Parameters {
    let parameters = try Parameters(try ParameterLayout(graph.parameters.map { ($0.name, $0.shape) }))
    for (index, entry) in parameters.layout.entries.enumerated() {
      let random = RandomStream(seed: 1, stream: UInt64(index))
      let tensor = parameters[entry]
      for place in 0..<tensor.count { tensor[place] = random.uniform(at: UInt64(place)) - 0.5 }
    }
    return parameters
  }

  private static func layer(
    _ batch: Int, _ channels: Int, _ filters: Int, _ extent: Int, _ kernel: Int, _ runs: Int,
    _ team: ThreadTeam
  ) throws {
    let pad = kernel / 2
    let convolution = Convolution(pads: [pad, pad, pad, pad])
    let (input, weights) = (
      try Shape([batch, channels, extent, extent]), try Shape([filters, channels, kernel, kernel])
    )
    var graph = Graph()
    let x = try graph.parameter("x", input)
    let w = try graph.parameter("w", weights)
    let y = try graph.parameter("y", Shape([batch, filters, extent, extent]))
    let values = [
      ("forward", try graph.one(Compute.Conv(convolution), x, w)),
      ("input gradient", try graph.one(ConvInputGradient(convolution, input: input), y, w)),
      ("weight gradient", try graph.one(ConvWeightGradient(convolution, weights: weights), x, y)),
    ]
    let parameters = try parameters(graph)
    for (way, value) in values {
      let plan = try ProgramPlan(graph, outputs: [("out", value)], threads: team.threads)
      let program = try Program(plan, team: team)
      var times = Times()
      for _ in 0..<runs + 1 {
        try times.measure { try program.run([:], parameters: parameters) { _ in } }
      }
      report(
        "\(batch)x\(channels)x\(extent)x\(extent) to \(filters), \(kernel)x\(kernel)", way, team.threads,
        times,
        plan.operations)
    }
  }

  /// Forward, backward and the statistics of a UNet with batch normalisation, mean squared error; the optimiser is
  /// not in it.
  private static func step(
    _ base: Int, _ batch: Int, _ size: Int, _ depth: Int, _ runs: Int, _ profiles: Bool, _ team: ThreadTeam
  ) throws {
    let spec = NetworkSpec { UNet(base: base, depth: depth, batchNorm: true) }
    let network = try spec.network(input: try Shape([batch, 5, size, size]), .training)
    var graph = network.graph
    let target = try graph.input("target", network.outputShape)
    let loss = try MeanSquaredError().build(network.output, target, weights: nil, in: &graph)
    let trained = network.parameters.filter(\.isTrained)
    var values: [Value] = []
    for parameter in trained { values.append(try graph.parameter(parameter.name, parameter.shape)) }
    let gradients = try differentiate(loss, by: values, in: &graph)
    let plan = try ProgramPlan(
      graph, outputs: [("loss", loss)] + zip(trained, gradients).map { ($0.name, $1) },
      updates: network.updates,
      threads: team.threads)
    let program = try Program(plan, team: team)
    let parameters = try network.initialParameters(seed: 1)
    let input = try Tensor(repeating: 0.5, network.inputShape)
    let wanted = try Tensor(repeating: 0.25, network.outputShape)
    var times = Times()
    var parts: [String: (count: Int, seconds: Double)] = [:]
    for _ in 0..<runs + 1 {
      parts = [:]
      var last = Times.processor()
      try times.measure {
        try program.run(
          [
            "input": Operand(input.shape, input.storage), "target": Operand(wanted.shape, wanted.storage),
          ], parameters: parameters,
          monitor: profiles
            ? { node, _ in
              let now = Times.processor()
              let name =
                type(of: node.op).name + " "
                + node.call.inputs.prefix(2).map { "\(graph.shape($0))" }.joined(separator: ", ")
              parts[name, default: (0, 0)].count += 1
              parts[name, default: (0, 0)].seconds += now - last
              last = now
            } : nil
        ) { _ in }
      }
    }
    report(
      "unet base \(base), depth \(depth), \(batch)x5x\(size)x\(size)", "training step", team.threads, times,
      plan.operations)
    for (name, part) in parts.sorted(by: { $0.value.seconds > $1.value.seconds }) {
      print(
        #"{"bench":"conv","operator":"\#(name)","count":\#(part.count),"milliseconds":\#((part.seconds * 1e5).rounded() / 100)}"#
      )
    }
  }
}
