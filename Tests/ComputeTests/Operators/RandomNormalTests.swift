import Tensors
import Testing

@testable import Compute

@Suite struct RandomNormalTests {
  static let cases = [
    OperatorCase("a map", RandomNormalLike(channels: 3, stream: 2), [.init(extents: [2, 1, 5, 7])]),
    OperatorCase("large", RandomNormalLike(channels: 2, stream: 1), [.init(extents: [3, 4, 41, 43])]),
    OperatorCase("no space", RandomNormalLike(channels: 4, stream: 1), [.init(extents: [3, 2])]),
  ]
  @Test(arguments: cases) func normal(_ one: OperatorCase) throws { try one.check() }

  @Test func momentsAndStreams() throws {
    func draw(_ stream: UInt32, _ step: StepContext) throws -> [Double] {
      var graph = Graph()
      let x = try graph.input("x", Shape([2, 1, 100, 100]))
      let y = try graph.one(RandomNormalLike(channels: 2, stream: stream), x)
      return try Interpreter<Double>(graph).run(
        [y], ["x": [Double](repeating: 5, count: 20_000)], step)[0]
    }
    let base = try draw(3, .init(seed: 1, step: 4))
    let n = Double(base.count)
    let mean = base.reduce(0, +) / n
    let square = base.reduce(0) { $0 + $1 * $1 } / n
    let fourth = base.reduce(0) { $0 + $1 * $1 * $1 * $1 } / n
    // Five standard deviations: of the mean 1 / sqrt n, of the square sqrt(2 / n), of the fourth power sqrt(96 / n).
    #expect(abs(mean) < 0.025 && abs(square - 1) < 0.036 && abs(fourth - 3) < 0.25)
    for (stream, step) in [
      (UInt32(4), StepContext(seed: 1, step: 4)), (3, .init(seed: 2, step: 4)), (3, .init(seed: 1, step: 5)),
    ] {
      let other = try draw(stream, step)
      let product = zip(base, other).reduce(0) { $0 + $1.0 * $1.1 } / n
      #expect(abs(product) < 0.025, "\(stream)")
    }
  }

  @Test func inputsThatDoNotFit() throws {
    var graph = Graph()
    let x = try graph.input("x", Shape([4]))
    #expect(throws: GraphError.self) { try graph.one(RandomNormalLike(channels: 1, stream: 0), x) }
    let y = try graph.input("y", Shape([4, 1, 2]))
    #expect(throws: GraphError.self) { try graph.one(RandomNormalLike(channels: 0, stream: 0), y) }
  }
}
