import Compute
import Networks
import Tensors
import Testing

/// Whole networks on blocked values against the plain kernels.
@Suite struct BlockedNetworkTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let spec: NetworkSpec
    let input: [Int]
    var domain = DomainPadding()
    /// Conversions that remain.
    var conversions = 1
    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "unet", spec: NetworkSpec { UNet(base: 16, depth: 3, batchNorm: true) }, input: [1, 5, 40, 24]),
    Case(
      name: "unet, odd widths, periodic", spec: NetworkSpec { UNet(base: 12, depth: 2, up: .bilinear) },
      input: [2, 3, 20, 28], domain: DomainPadding(rows: .replicate, columns: .periodic),
      // Twelve channels fill no block: each of two concatenations takes two plain values and gives one.
      conversions: 6),
    Case(name: "srcnn", spec: NetworkSpec { SRCNN(kernels: [9, 1, 5]) }, input: [1, 1, 33, 29]),
    Case(name: "srcnn 9-5-5", spec: NetworkSpec { SRCNN(kernels: [9, 5, 5]) }, input: [1, 2, 23, 21]),
    Case(
      name: "residual", spec: NetworkSpec { ResidualCNN(width: 32, depth: 3, batchNorm: true) },
      input: [1, 4, 19, 22], conversions: 2),
    Case(
      name: "alexnet's features",
      spec: NetworkSpec {
        Conv(96, kernel: 11, stride: 4, padding: .valid)
        ReLU()
        LocalResponseNorm(size: 5, alpha: 1e-2, beta: 0.75, k: 2)
        MaxPool(3, stride: 2)
        Conv(128, kernel: 5, groups: 2)
        ReLU()
        LocalResponseNorm(size: 5, alpha: 1e-2, beta: 0.75, k: 2)
        MaxPool(3, stride: 2)
        Conv(96, kernel: 3)
        ReLU()
        Conv(64, kernel: 3, groups: 2)
        ReLU()
        Flatten()
        Dense(10)
      }, input: [2, 3, 67, 67], conversions: 2),
  ]

  private static func run(
    _ graph: Graph, _ goals: Goals, _ parameters: Parameters, _ input: borrowing Tensor, threads: Int
  ) throws -> [Float] {
    let plan = try ProgramPlan(graph, goals, prepares: true, threads: threads)
    let program = try Program(plan, team: ThreadTeam(threads: threads))
    let x = Operand(input.shape, input.storage)
    return try program.run(["input": x], parameters: parameters) {
      outputs in
      outputs["result"].map { o in (0..<o.count).map { o[$0] } } ?? []
    }
  }

  @Test(arguments: cases) func blockedIsPlain(_ one: Case) throws {
    let network = try one.spec.network(input: try Shape(one.input), .inference, domain: one.domain)
    let goals = Goals(outputs: [("result", network.output)])
    let parameters = try network.initialParameters(seed: 3)
    let input = try Tensor(repeating: 0, network.inputShape)
    let random = RandomStream(seed: 5, stream: 1)
    for index in 0..<input.shape.count { input.storage[index] = 2 * random.uniform(at: UInt64(index)) - 1 }
    let plain = try optimised(network.graph, goals)
    let expected = try Self.run(plain.graph, plain.goals, parameters, input, threads: 1)
    let scale = expected.map(abs).max() ?? 0
    #expect(scale > 0)
    for (precision, tolerance) in [(LayoutOptions.Precision.exact, Float(4e-6)), (.fast, 5e-5)] {
      let made = try optimised(network.graph, goals, layouts: LayoutOptions(precision: precision))
      let names = made.graph.nodes.map { type(of: $0.op).name }
      #expect(!names.contains("Conv") && !names.contains("ConvTranspose"))
      #expect(names.count { $0 == "ToBlocked" || $0 == "FromBlocked" } <= one.conversions, "\(names)")
      let found = try Self.run(made.graph, made.goals, parameters, input, threads: 1)
      let other = try Self.run(made.graph, made.goals, parameters, input, threads: 2)
      #expect(found.map(\.bitPattern) == other.map(\.bitPattern), "1 and 2 threads differ")
      var worst: Float = 0
      for (a, b) in zip(found, expected) { worst = max(worst, abs(a - b)) }
      #expect(worst <= tolerance * scale, "\(precision): \(worst / scale)")
    }
  }
}
