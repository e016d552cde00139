/// `bench NAME [options]`: each benchmark prints one JSON line a measurement; the peers' scripts in
/// `Tests/peers` print lines of the same shape, so that both sides join in one table.
@main enum Bench {
  struct Benchmark {
    let name: String
    let summary: String
    let run: @Sendable (BenchOptions) async throws -> Void
  }

  static let benchmarks = [
    Benchmark(name: "io", summary: "write and read a chunked, shuffled, deflated field", run: BenchIO.run),
    Benchmark(
      name: "regrid", summary: "weights, their application, and regridding beside CDO", run: BenchRegrid.run),
    Benchmark(
      name: "conv", summary: "convolutions of a UNet, their gradients, and its training step",
      run: BenchConv.run),
    Benchmark(
      name: "inference", summary: "a reference net: --net --shape --threads --repeat --way --profile",
      run: BenchNetwork.inference),
    Benchmark(
      name: "training", summary: "a training step of a reference net, with Adam", run: BenchTraining.run),
    Benchmark(
      name: "layer", summary: "one 3x3 convolution: --shape CHANNELSxFILTERSxROWSxCOLUMNS",
      run: BenchNetwork.layer),
    Benchmark(
      name: "coldstart", summary: "one result of a reference net, in a process of its own",
      run: BenchNetwork.coldStart),
    Benchmark(name: "start", summary: "start of a process, and a small run", run: BenchStart.run),
  ]

  static func main() async {
    var arguments = Array(CommandLine.arguments.dropFirst())
    guard let name = arguments.first, let benchmark = benchmarks.first(where: { $0.name == name }) else {
      fail(
        "usage: bench NAME [--key value ...]\n"
          + benchmarks.map { "  \($0.name)  \($0.summary)" }.joined(separator: "\n"))
    }
    arguments.removeFirst()
    do {
      try await benchmark.run(BenchOptions(arguments))
    } catch {
      fail("bench \(name): \(error)", code: 1)
    }
  }
}
