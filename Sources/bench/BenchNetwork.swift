import Compute
import Networks
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// `inference`, `layer`, `coldstart`: a reference net or a single convolution as prediction runs it. Prints the keys
/// that the peers' script reads from another engine.
enum BenchNetwork {
  struct Options {
    var threads: Int
    var layouts: LayoutOptions?
    var profiles: Bool
    var repeats: Int

    /// `--way`: blocked (the standard), exact (blocked, no Winograd), plain.
    init(_ options: BenchOptions) throws {
      threads = try options.integer("threads", 2)
      repeats = try options.integer("repeat", 50)
      profiles = options.text("profile", "no") == "yes"
      switch options.text("way", "blocked") {
      case "blocked": layouts = LayoutOptions()
      case "exact": layouts = LayoutOptions(precision: .exact)
      case "plain": layouts = nil
      case let other: throw BenchError("--way \(other): blocked, exact or plain")
      }
    }
  }

  static func shape(_ text: String) throws -> [Int] {
    let extents = text.split(separator: "x").compactMap { Int($0) }
    guard extents.count == 4, extents.allSatisfy({ $0 > 0 && $0 < 1 << 24 }) else {
      throw BenchError("--shape \(text) is not like 1x5x256x256")
    }
    return extents
  }

  static func inference(_ options: BenchOptions) async throws {
    let name = options.text("net", "unet32")
    let extents = try shape(options.text("shape", "1x5x256x256"))
    let settings = try Options(options)
    try options.finish()
    try run("inference", name, try BenchNets.spec(name), extents, settings)
  }

  /// `--shape` is channels x filters x rows x columns: one 3 x 3 convolution of an image, with bias and ReLU.
  static func layer(_ options: BenchOptions) async throws {
    let extents = try shape(options.text("shape", "64x64x256x256"))
    let settings = try Options(options)
    try options.finish()
    let spec = NetworkSpec {
      Conv(extents[1], kernel: 3)
      ReLU()
    }
    try run("layer", "conv3x3", spec, [1, extents[0], extents[2], extents[3]], settings)
  }

  /// One result and out: the caller times the process.
  static func coldStart(_ options: BenchOptions) async throws {
    let name = options.text("net", "unet32")
    let extents = try shape(options.text("shape", "1x5x128x128"))
    var settings = try Options(options)
    try options.finish()
    settings.repeats = 0
    try run("coldstart", name, try BenchNets.spec(name), extents, settings)
  }

  private static func run(
    _ kind: String, _ name: String, _ spec: NetworkSpec, _ extents: [Int], _ settings: Options
  ) throws {
    let start = Clock.seconds()
    let network = try spec.network(input: try Shape(extents), .inference)
    let made = try optimised(
      network.graph, Goals(outputs: [("result", network.output)]), layouts: settings.layouts)
    let plan = try ProgramPlan(made.graph, made.goals, prepares: true, threads: settings.threads)
    let program = try Program(plan, team: ThreadTeam(threads: settings.threads))
    let parameters = try network.initialParameters(seed: 1)
    let input = try Tensor(repeating: 0, network.inputShape)
    let stream = RandomStream(seed: 7, stream: 0)
    for index in 0..<input.shape.count { input.storage[index] = stream.uniform(at: UInt64(index)) - 0.5 }
    try program.prepare(parameters)
    let prepared = Clock.seconds()
    let given = ["input": Operand(input.shape, input.storage)]
    func once(_ monitor: ((Graph.Node, [Operand<Float>]) -> Void)? = nil) throws -> Double {
      let start = Clock.seconds()
      try program.run(given, parameters: parameters, monitor: monitor) { _ in }
      return Clock.seconds() - start
    }
    var times = [try once()]
    if settings.repeats > 0 {
      _ = try once()
      times = []
      let begin = Clock.seconds()
      while times.count < settings.repeats, times.count < 3 || Clock.seconds() - begin < 4 {
        times.append(try once())
      }
    }
    times.sort()
    func milliseconds(_ seconds: Double) -> Double { (seconds * 1e5).rounded() / 100 }
    print(
      #"{"kind":"\#(kind)","net":"\#(name)","shape":"\#(extents.map(String.init).joined(separator: "x"))","#
        + #""threads":\#(settings.threads),"engine":"isotach","median_ms":\#(milliseconds(times[times.count / 2])),"#
        + #""min_ms":\#(milliseconds(times[0])),"#
        + #""gflops":\#((network.directOperations / times[times.count / 2] / 1e8).rounded() / 10),"#
        + #""prepare_ms":\#(milliseconds(prepared - start)),"program_mb":\#(plan.bytes >> 20),"#
        + #""peak_rss_mb":\#((peakMegabytes() * 10).rounded() / 10)}"#)
    if settings.profiles { try profile(once, made.graph) }
  }

  /// Where the time of one run goes, by operator and shapes.
  private static func profile(
    _ once: (((Graph.Node, [Operand<Float>]) -> Void)?) throws -> Double, _ graph: Graph
  ) throws {
    var parts: [String: (count: Int, seconds: Double, operations: Double)] = [:]
    var last = Clock.seconds()
    _ = try once { node, _ in
      let now = Clock.seconds()
      let shapes = node.call.inputs.map(graph.shape)
      let name =
        "\(type(of: node.op).name) \(node.op.detail) \(shapes.first.map { "\($0)" } ?? "") to "
        + (node.call.outputs.first.map { "\(graph.shape($0))" } ?? "")
      var part = parts[name] ?? (0, 0, 0)
      part.count += 1
      part.seconds += now - last
      part.operations += node.op.cost(shapes, node.call.outputs.map(graph.shape)).operations
      parts[name] = part
      last = now
    }
    for (name, part) in parts.sorted(by: { $0.value.seconds > $1.value.seconds }) {
      print(
        #"{"operator":"\#(name)","count":\#(part.count),"ms":\#((part.seconds * 1e5).rounded() / 100),"#
          + #""gflops":\#((part.operations / part.seconds / 1e8).rounded() / 10)}"#)
    }
  }

  private static func peakMegabytes() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}

extension Network {
  /// Of convolutions and products, as a direct algorithm does them.
  fileprivate var directOperations: Double {
    graph.nodes(for: [output]).reduce(0) { sum, index in
      let node = graph.nodes[index]
      guard node.op is Compute.Conv || node.op is Compute.ConvTranspose || node.op is Compute.Gemm else {
        return sum
      }
      return sum
        + node.op.cost(node.call.inputs.map(graph.shape), node.call.outputs.map(graph.shape)).operations
    }
  }
}
