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

    /// `--way`: blocked (the standard), exact (blocked, no Winograd), plain. `--precision`: fast (the standard), exact, bf16.
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
      let name = options.text("precision", layouts?.precision.rawValue ?? "")
      guard layouts == nil ? name.isEmpty : LayoutOptions.Precision(rawValue: name) != nil else {
        throw BenchError("--precision \(name): fast, exact or bf16, and not with --way plain")
      }
      if let precision = LayoutOptions.Precision(rawValue: name) { layouts?.precision = precision }
    }
  }

  static func shape(_ text: String) throws -> [Int] {
    let extents = text.split(separator: "x").compactMap { Int($0) }
    guard extents.count == 4, extents.allSatisfy({ $0 > 0 && $0 < 1 << 24 }) else {
      throw BenchError("--shape \(text) is not like 1x5x256x256")
    }
    return extents
  }

  /// `--net NAME`, or `--model FILE.onnx` with `--input FILE.npy` and, to say how far the result is from it,
  /// `--expected FILE.npy`.
  static func inference(_ options: BenchOptions) async throws {
    try run("inference", options, net: "unet32", shape: "1x5x256x256")
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
    let start = Clock.seconds()
    let subject = try BenchSubject(spec, [1, extents[0], extents[2], extents[3]])
    try run("layer", "conv3x3", subject, "", settings, start)
  }

  /// One result and out: the caller times the process.
  static func coldStart(_ options: BenchOptions) async throws {
    try run("coldstart", options, net: "unet32", shape: "1x5x128x128")
  }

  private static func run(_ kind: String, _ options: BenchOptions, net: String, shape standard: String) throws
  {
    let (name, extents) = (options.text("net", net), try shape(options.text("shape", standard)))
    let (model, input, expected) = (
      options.text("model", ""), options.text("input", ""), options.text("expected", "")
    )
    var settings = try Options(options)
    try options.finish()
    if kind == "coldstart" { settings.repeats = 0 }
    let start = Clock.seconds()
    let subject =
      model.isEmpty
      ? try BenchSubject(try BenchNets.spec(name), extents) : try BenchSubject(model: model, input: input)
    try run(kind, model.isEmpty ? name : model, subject, expected, settings, start)
  }

  private static func run(
    _ kind: String, _ name: String, _ subject: BenchSubject, _ expected: String, _ settings: Options,
    _ start: Double
  ) throws {
    let made = try optimised(subject.graph, subject.goals, layouts: settings.layouts)
    let plan = try ProgramPlan(made.graph, made.goals, prepares: true, threads: settings.threads)
    let program = try Program(plan, team: ThreadTeam(threads: settings.threads))
    let parameters = subject.parameters
    try program.prepare(parameters, releasing: true)
    let prepared = Clock.seconds()
    let given = [subject.inputName: Operand(subject.input.shape, subject.input.storage)]
    func once(_ monitor: ((Graph.Node, [Operand<Float>]) -> Void)? = nil) throws -> Double {
      let start = Clock.seconds()
      try program.run(given, parameters: parameters, monitor: monitor) { _ in }
      return Clock.seconds() - start
    }
    var times = [try once()]
    var processor = Double.infinity
    if settings.repeats > 0 {
      _ = try once()
      times = []
      let begin = Clock.seconds()
      while times.count < settings.repeats, times.count < 3 || Clock.seconds() - begin < 4 {
        let used = BenchConv.Times.processor()
        times.append(try once())
        processor = min(processor, BenchConv.Times.processor() - used)
      }
    }
    var error: Double?
    if !expected.isEmpty {
      let wanted = try NumpyFile.floats(expected).numbers
      error = try program.run(given, parameters: parameters) { outputs in
        guard let found = outputs.first?.value, found.count == wanted.count else { return .infinity }
        let worst = wanted.indices.reduce(0) { max($0, abs(Double(found[$1]) - Double(wanted[$1]))) }
        return worst / max(1e-30, Double(wanted.reduce(0) { max($0, abs($1)) }))
      }
    }
    report(
      kind, name, subject.input.shape.extents, settings, times, processor,
      operations: subject.graph.directOperations(for: subject.goals), prepared: prepared - start, plan,
      error: error)
    if settings.profiles { try profile(once, made.graph) }
  }

  /// The line that the peers' script reads.
  static func report(
    _ kind: String, _ name: String, _ extents: [Int], _ settings: Options, _ times: [Double],
    _ processor: Double,
    operations: Double, prepared: Double, _ plan: ProgramPlan, error: Double? = nil
  ) {
    let times = times.sorted()
    let median = times[times.count / 2]
    func milliseconds(_ seconds: Double) -> Double { (seconds * 1e5).rounded() / 100 }
    print(
      #"{"kind":"\#(kind)","net":"\#(name)","shape":"\#(extents.map(String.init).joined(separator: "x"))","#
        + #""threads":\#(settings.threads),"engine":"isotach","median_ms":\#(milliseconds(median)),"#
        + #""min_ms":\#(milliseconds(times[0])),"#
        + (processor.isFinite ? #""processor_ms":\#(milliseconds(processor)),"# : "")
        + (error.map { #""max_rel_err":\#($0),"# } ?? "")
        + #""precision":"\#(settings.layouts?.precision.rawValue ?? "plain")","#
        + #""gflops":\#((operations / median / 1e8).rounded() / 10),"#
        + #""prepare_ms":\#(milliseconds(prepared)),"program_mb":\#(plan.bytes >> 20),"#
        + #""peak_rss_mb":\#((peakMegabytes() * 10).rounded() / 10)}"#)
  }

  /// Where the time of one run goes, by operator and shapes.
  static func profile(
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

extension Graph {
  /// Of convolutions and products, as a direct algorithm does them.
  func directOperations(for goals: Goals) -> Double {
    nodes(for: goals.values).reduce(0) { sum, index in
      let node = nodes[index]
      guard node.op is Compute.Conv || node.op is Compute.ConvTranspose || node.op is Compute.Gemm else {
        return sum
      }
      return sum + node.op.cost(node.call.inputs.map(shape), node.call.outputs.map(shape)).operations
    }
  }
}
