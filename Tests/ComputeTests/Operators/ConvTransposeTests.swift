import Tensors
import Testing

@testable import Compute

@Suite struct ConvTransposeTests {
  static func inputs(_ extents: [Int]...) -> [OperatorCase.Input] { extents.map { .init(extents: $0) } }

  static let cases = [
    OperatorCase(
      "plain", ConvTranspose(), inputs([2, 3, 4, 3], [3, 2, 3, 3], [2]), hasGolden: true, differences: 12),
    OperatorCase(
      "up two", ConvTranspose(strides: [2, 2]), inputs([1, 4, 3, 5], [4, 3, 2, 2], [3]), hasGolden: true,
      differences: 12),
    OperatorCase(
      "asymmetric", ConvTranspose(strides: [3, 2], pads: [1, 0, 0, 2], outputPadding: [2, 1]),
      inputs([2, 2, 3, 4], [2, 3, 3, 4], [3]), hasGolden: true, differences: 12),
    OperatorCase(
      "dilated", ConvTranspose(strides: [2, 2], dilations: [3, 3], pads: [1, 2, 2, 1]),
      inputs([1, 2, 3, 4], [2, 2, 3, 2]), hasGolden: true, differences: 12),
    OperatorCase(
      "groups", ConvTranspose(strides: [2, 2], groups: 2), inputs([1, 4, 3, 2], [4, 3, 3, 3], [6]),
      hasGolden: true, differences: 12),
    OperatorCase(
      "one pixel", ConvTranspose(strides: [4, 4]), inputs([1, 3, 1, 1], [3, 2, 3, 3], [2]), hasGolden: true,
      differences: 12),
    OperatorCase(
      "series", ConvTranspose(strides: [3], outputPadding: [1]), inputs([2, 2, 5], [2, 3, 4], [3]),
      hasGolden: true, differences: 12),
    OperatorCase(
      "volume", ConvTranspose(strides: [1, 2, 2]), inputs([1, 2, 2, 3, 2], [2, 2, 2, 2, 3], [2]),
      hasGolden: true, differences: 12),
    OperatorCase(
      "output padding of a dilation", ConvTranspose(dilations: [3, 1], outputPadding: [2, 0]),
      inputs([1, 2, 3, 2], [2, 2, 2, 2], [2])),
    OperatorCase(
      "same", ConvTranspose(pads: [1, 1, 1, 1]), inputs([2, 3, 5, 18], [3, 4, 3, 3], [4]), differences: 3),
  ]

  @Test(arguments: cases) func convTranspose(_ one: OperatorCase) throws { try one.check() }

  /// (conv x) y = x (transposed conv y), for the same weights.
  @Test func isTheAdjoint() throws {
    var graph = Graph()
    let x = try graph.parameter("x", Shape([2, 3, 7, 6]))
    let w = try graph.parameter("w", Shape([4, 3, 3, 2]))
    let y = try graph.parameter("y", Shape([2, 4, 4, 3]))
    let forward = try graph.one(Conv(strides: [2, 2], pads: [1, 0, 1, 0]), x, w)
    let back = try graph.one(ConvTranspose(strides: [2, 2], pads: [1, 0, 1, 0]), y, w)
    #expect(graph.shape(forward) == graph.shape(y) && graph.shape(back) == graph.shape(x))
    let given = [
      "x": Pattern.numbers(252, seed: 1), "w": Pattern.numbers(72, seed: 2),
      "y": Pattern.numbers(96, seed: 3),
    ]
    let results = try Interpreter<Double>(graph).run([forward, back], given)
    func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let left = product(results[0], given["y"] ?? [])
    let right = product(results[1], given["x"] ?? [])
    #expect(abs(left - right) < 1e-12 * abs(left) + 1e-12)
  }

  @Test(arguments: [
    (ConvTranspose(), [1, 3, 4, 4], [2, 3, 3, 3], "expect 2 channels, the input has 3"),
    (ConvTranspose(groups: 2), [1, 3, 4, 4], [3, 2, 3, 3], "3 channels cannot be split into 2 groups"),
    (ConvTranspose(pads: [3, 3, 3, 3]), [1, 3, 2, 2], [3, 2, 3, 3], "would give an output of -2"),
    (
      ConvTranspose(strides: [2, 2], outputPadding: [2, 0]), [1, 3, 4, 4], [3, 2, 3, 3],
      "the output padding 2 must be below stride 2"
    ),
  ])
  func whatDoesNotFitIsNamed(op: ConvTranspose, input: [Int], weights: [Int], text: String) {
    let error = #expect(throws: OperatorError.self) {
      try op.outputShapes([ConvTests.shape(input), ConvTests.shape(weights)])
    }
    #expect(error?.cause.contains(text) == true, "\(error?.cause ?? "")")
  }
}
