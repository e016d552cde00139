import Tensors
import Testing

@testable import Compute

@Suite struct DropoutTests {
  static let cases = [
    OperatorCase("half", Dropout(0.5, stream: 1), [.init(extents: [2, 3, 5, 7])]),
    OperatorCase("a third", Dropout(1 / 3, stream: 2), [.init(extents: [1031])]),
    OperatorCase("none", Dropout(0, stream: 1), [.init(extents: [9])]),
    OperatorCase("all", Dropout(1, stream: 1), [.init(extents: [9])]),
    OperatorCase("spatial", Dropout(0.5, stream: 1, spatial: true), [.init(extents: [3, 5, 2, 3])]),
    OperatorCase("spatial, one pixel", Dropout(0.5, stream: 1, spatial: true), [.init(extents: [3, 5, 1])]),
  ]
  @Test(arguments: cases) func dropout(_ one: OperatorCase) throws { try one.check() }

  /// Ones through dropout, by the program.
  static func run(_ op: Dropout, _ extents: [Int], _ step: StepContext, threads: Int = 1) throws -> [Float] {
    var graph = Graph()
    let shape = try Shape(extents)
    let x = try graph.parameter("x", shape)
    let y = try graph.one(op, x)
    let parameters = try Parameters(try ParameterLayout([("x", shape)]))
    parameters["x"]?.fill(1)
    let program = try Program(
      try ProgramPlan(graph, outputs: [("y", y)], threads: threads), team: ThreadTeam(threads: threads))
    return try program.run([:], parameters: parameters, step: step) { outputs in
      outputs["y"].map { y in (0..<y.count).map { y[$0] } } ?? []
    }
  }

  @Test(arguments: [0.1, 0.5, 0.9])
  func shareAndScale(_ p: Double) throws {
    let count = 40_000
    let numbers = try Self.run(Dropout(p, stream: 3), [count], .init(seed: 5, step: 7), threads: 2)
    let kept = numbers.filter { $0 != 0 }
    #expect(kept.allSatisfy { $0 == Float(1 / (1 - p)) })
    // Five standard deviations of a binomial count.
    let deviation = (Double(count) * p * (1 - p)).squareRoot()
    #expect(abs(Double(kept.count) - Double(count) * (1 - p)) < 5 * deviation)
  }

  @Test func masksDifferBySeedStepAndStream() throws {
    let base = try Self.run(Dropout(0.5, stream: 3), [4096], .init(seed: 5, step: 7))
    for (op, step) in [
      (Dropout(0.5, stream: 4), StepContext(seed: 5, step: 7)),
      (Dropout(0.5, stream: 3), StepContext(seed: 6, step: 7)),
      (Dropout(0.5, stream: 3), StepContext(seed: 5, step: 8)),
    ] {
      let other = try Self.run(op, [4096], step)
      let equal = zip(base, other).count { $0 == $1 }
      // Independent masks agree in half of the places: 5 standard deviations are 160.
      #expect(abs(equal - 2048) < 160)
    }
    #expect(try Self.run(Dropout(0.5, stream: 3), [4096], .init(seed: 5, step: 7), threads: 2) == base)
  }

  @Test func spatialDropsWholeChannels() throws {
    let numbers = try Self.run(
      Dropout(0.5, stream: 3, spatial: true), [8, 16, 3, 3], .init(seed: 1, step: 1))
    for plane in 0..<128 { #expect(Set(numbers[plane * 9..<plane * 9 + 9]).count == 1) }
    #expect(Set(numbers) == [0, 2])
  }

  @Test func inputsThatDoNotFit() throws {
    var graph = Graph()
    let x = try graph.input("x", Shape([4]))
    #expect(throws: GraphError.self) { try graph.one(Dropout(1.5, stream: 0), x) }
    #expect(throws: GraphError.self) { try graph.one(Dropout(.nan, stream: 0), x) }
    #expect(throws: GraphError.self) { try graph.one(Dropout(0.5, stream: 0, spatial: true), x) }
  }
}
