import Tensors
import Testing

@testable import Compute

@Suite struct RandomPoolTests {
  private static let window = PoolWindow(kernel: [3, 3], stride: [2, 2], padsBefore: [1, 0])
  /// Far apart, so that steps of finite differences change no draw and no maximum.
  private static let x = OperatorCase.Input(extents: [2, 3, 6, 5], range: -20...20)

  static let cases = [
    OperatorCase("drawn", StochasticPool(window, stream: 3, samples: true), [x]),
    OperatorCase(
      "expected", StochasticPool(window, stream: 3, samples: false),
      [.init(extents: [2, 3, 6, 5], range: 1...3)]),
    OperatorCase(
      "nothing positive", StochasticPool(window, stream: 3, samples: true),
      [.init(extents: [1, 1, 4, 4], range: -3 ... -1)]),
    OperatorCase("drawn", MixedPool(window, stream: 3, samples: true), [x]),
    OperatorCase("expected", MixedPool(window, stream: 3, samples: false), [x]),
    OperatorCase(
      "3-d", MixedPool(.init(kernel: [1, 2, 2]), stream: 3, samples: true),
      [.init(extents: [2, 3, 2, 4, 4], range: -20...20)]),
  ]
  @Test(arguments: cases) func pools(_ one: OperatorCase) throws { try one.check() }

  /// Over many steps the mean of the draws is the expected value, and each draw is a number of its window.
  @Test func drawsHaveTheirExpectedValue() throws {
    let numbers = [0.5, -1, 2, 1]
    var graph = Graph()
    let x = try graph.input("x", Shape([1, 1, 2, 2]))
    let window = PoolWindow(kernel: [2, 2])
    let drawn = try graph.one(StochasticPool(window, stream: 1, samples: true), x)
    let expected = try graph.one(StochasticPool(window, stream: 1, samples: false), x)
    let mixed = try graph.one(MixedPool(window, stream: 1, samples: true), x)
    let half = try graph.one(MixedPool(window, stream: 1, samples: false), x)
    var counts: [Double: Int] = [:]
    var shares: [Double: Int] = [:]
    let steps = 4000
    for step in 0..<steps {
      let found = try Interpreter<Double>(graph).run(
        [drawn, mixed], ["x": numbers], .init(seed: 3, step: UInt64(step)))
      counts[found[0][0], default: 0] += 1
      shares[found[1][0], default: 0] += 1
    }
    // p = a / 3.5; five standard deviations of a count are below 160.
    for a in [0.5, 1, 2] { #expect(abs(Double(counts[a] ?? 0) - a / 3.5 * Double(steps)) < 160) }
    #expect(counts.count == 3)
    #expect(Set(shares.keys) == [2, 0.625] && abs((shares[2] ?? 0) - steps / 2) < 160)
    let means = try Interpreter<Double>(graph).run([expected, half], ["x": numbers])
    expectClose([means[0][0], means[1][0]], [5.25 / 3.5, 1.3125], rtol: 1e-12, atol: 0, "expected values")
  }
}
