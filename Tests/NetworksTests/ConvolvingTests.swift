import Compute
import Networks
import Tensors
import Testing

/// Classifiers of patches over whole fields: every answer is that for the window.
@Suite struct ConvolvingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let spec: NetworkSpec
    let patch: [Int]
    let field: [Int]
    /// Cells from window to window.
    let stride: Int
    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "tropical cyclones", spec: NetworkSpec { LiuDetector(.tropicalCyclone) }, patch: [8, 32, 32],
      field: [8, 45, 52], stride: 4),
    Case(
      name: "fronts, odd patch", spec: NetworkSpec { LiuDetector(.front) }, patch: [3, 27, 60],
      field: [3, 35, 69],
      stride: 4),
    Case(
      name: "without pooling, three dense layers, normalised",
      spec: NetworkSpec {
        Conv(6, kernel: 3, padding: .valid)
        BatchNorm()
        ReLU()
        Flatten()
        Dense(12)
        Tanh()
        Dense(7)
        ReLU()
        Dense(3)
      }, patch: [2, 7, 9], field: [2, 11, 14], stride: 1),
    Case(
      name: "alexnet without padding",
      spec: NetworkSpec { AlexNet(classes: 3, groups: 1, dropout: 0, pads: false) },
      patch: [1, 227, 227], field: [1, 259, 227], stride: 32),
  ]

  private static func run(_ network: Network, _ parameters: Parameters, _ numbers: [Float]) throws -> [Float]
  {
    let final = try optimised(network.graph, Goals(outputs: [("result", network.output)]))
    let program = try Program(
      try ProgramPlan(final.graph, final.goals, prepares: true, threads: 2), team: ThreadTeam(threads: 2))
    let input = try Tensor(repeating: 0, network.inputShape)
    for index in numbers.indices { input.storage[index] = numbers[index] }
    let operand = Operand(input.shape, input.storage)
    return try program.run(["input": operand], parameters: parameters) { outputs in
      outputs["result"].map { o in (0..<o.count).map { o[$0] } } ?? []
    }
  }

  @Test(arguments: cases) func everyAnswerIsThatOfTheWindow(_ one: Case) throws {
    let (patch, field) = (try Shape([1] + one.patch), try Shape([1] + one.field))
    let wide = try one.spec.convolutional(patch: patch, field: field)
    let single = try one.spec.network(input: patch, .inference)
    // The same parameters, in the same order.
    #expect(wide.parameters.map(\.name) == single.parameters.map(\.name))
    #expect(wide.parameters.map(\.shape) == single.parameters.map(\.shape))
    let parameters = try single.initialParameters(seed: 11)
    let random = RandomStream(seed: 4, stream: 2)
    let numbers = (0..<field.count).map { 2 * random.uniform(at: UInt64($0)) - 1 }
    let answers = try Self.run(wide, parameters, numbers)
    let made = wide.outputShape.extents
    #expect(made[2] == (one.field[1] - one.patch[1]) / one.stride + 1)
    #expect(made[3] == (one.field[2] - one.patch[2]) / one.stride + 1)
    var worst: Float = 0
    var largest: Float = 0
    for j in 0..<made[2] {
      for i in 0..<made[3] {
        var window: [Float] = []
        for c in 0..<one.patch[0] {
          for row in 0..<one.patch[1] {
            let start = (c * one.field[1] + j * one.stride + row) * one.field[2] + i * one.stride
            window += numbers[start..<start + one.patch[2]]
          }
        }
        let expected = try Self.run(single, parameters, window)
        for k in 0..<made[1] {
          worst = max(worst, abs(answers[(k * made[2] + j) * made[3] + i] - expected[k]))
          largest = max(largest, abs(expected[k]))
        }
      }
    }
    #expect(largest > 0)
    // Sums in another order.
    #expect(worst <= 2e-5 * largest, "worst \(worst) of \(largest)")
  }

  @Test func networksThatPadAreRefused() throws {
    let spec = NetworkSpec {
      Conv(4, kernel: 3)
      Flatten()
      Dense(2)
    }
    let (patch, field) = (try Shape([1, 1, 8, 8]), try Shape([1, 1, 16, 16]))
    #expect(throws: GraphError.self) { _ = try spec.convolutional(patch: patch, field: field) }
    let map = NetworkSpec { Conv(4, kernel: 3) }
    #expect(throws: GraphError.self) { _ = try map.convolutional(patch: patch, field: field) }
  }
}
