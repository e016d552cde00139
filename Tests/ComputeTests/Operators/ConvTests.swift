import Tensors
import Testing

@testable import Compute

@Suite struct ConvTests {
  static func inputs(_ extents: [Int]...) -> [OperatorCase.Input] { extents.map { .init(extents: $0) } }

  static let cases = [
    OperatorCase(
      "plain", Conv(), inputs([2, 3, 5, 6], [4, 3, 3, 3], [4]), hasGolden: true, differences: 12),
    OperatorCase(
      "same", Conv(pads: [1, 1, 1, 1]), inputs([1, 2, 7, 5], [3, 2, 3, 3], [3]), hasGolden: true,
      differences: 12),
    OperatorCase(
      "asymmetric", Conv(strides: [2, 3], pads: [2, 0, 1, 3]), inputs([2, 2, 6, 7], [3, 2, 4, 3], [3]),
      hasGolden: true, differences: 12),
    OperatorCase(
      "dilated", Conv(dilations: [2, 3], pads: [2, 3, 2, 3]), inputs([1, 2, 6, 7], [2, 2, 3, 3], [2]),
      hasGolden: true, differences: 12),
    OperatorCase(
      "groups", Conv(pads: [1, 1, 1, 1], groups: 2), inputs([2, 4, 4, 5], [6, 2, 3, 3], [6]), hasGolden: true,
      differences: 12),
    OperatorCase(
      "depthwise", Conv(strides: [2, 2], pads: [1, 1, 1, 1], groups: 3), inputs([1, 3, 5, 5], [3, 1, 3, 3]),
      hasGolden: true, differences: 12),
    OperatorCase(
      "one pixel", Conv(pads: [1, 1, 1, 1]), inputs([1, 3, 1, 1], [2, 3, 3, 3], [2]), hasGolden: true,
      differences: 12),
    OperatorCase(
      "pointwise", Conv(), inputs([2, 3, 4, 3], [5, 3, 1, 1], [5]), hasGolden: true, differences: 12),
    OperatorCase(
      "series", Conv(strides: [2], dilations: [2], pads: [3, 1]), inputs([2, 3, 11], [4, 3, 3], [4]),
      hasGolden: true, differences: 12),
    OperatorCase(
      "volume", Conv(pads: [1, 0, 1, 0, 1, 1]), inputs([1, 2, 3, 4, 5], [2, 2, 2, 3, 3], [2]),
      hasGolden: true, differences: 12),
    // Wider than a vector, more channels than a block, and cells that the last step does not reach.
    OperatorCase(
      "wide", Conv(pads: [1, 1, 1, 1]), inputs([2, 3, 4, 37], [7, 3, 3, 3], [7]), tolerance: 4e-6,
      differences: 3),
    OperatorCase(
      "many channels", Conv(pads: [2, 2, 2, 2]), inputs([2, 17, 3, 4], [13, 17, 5, 5], [13]), tolerance: 8e-6,
      differences: 3),
    OperatorCase("full", Conv(pads: [2, 2, 2, 2]), inputs([1, 2, 4, 5], [2, 2, 3, 3], [2])),
    OperatorCase("not reached", Conv(strides: [3, 3]), inputs([1, 2, 7, 8], [2, 2, 3, 3], [2])),
    OperatorCase(
      "more padding than kernel", Conv(pads: [3, 0, 4, 5]), inputs([1, 2, 3, 3], [2, 2, 2, 2]), differences: 9
    ),
    OperatorCase(
      "wide row", Conv(pads: [0, 1, 0, 1]), inputs([3, 2, 1, 20], [3, 2, 1, 3], [3]), differences: 9),
    OperatorCase(
      "tall", Conv(pads: [1, 0, 1, 0]), inputs([2, 2, 9, 1], [3, 2, 3, 1], [3]), differences: 9),
  ]

  @Test(arguments: cases) func conv(_ one: OperatorCase) throws { try one.check() }

  static let inputGradients = [
    OperatorCase(
      "same", ConvInputGradient(.init(pads: [1, 1, 1, 1]), input: shape([1, 2, 6, 5])),
      inputs([1, 3, 6, 5], [3, 2, 3, 3]), hasGolden: true, differences: 12),
    OperatorCase(
      "strided",
      ConvInputGradient(
        .init(strides: [2, 3], pads: [1, 0, 0, 2], groups: 2), input: shape([2, 4, 6, 7])),
      inputs([2, 2, 3, 3], [2, 2, 3, 2]), hasGolden: true, differences: 12),
  ]
  @Test(arguments: inputGradients) func inputGradient(_ one: OperatorCase) throws { try one.check() }

  static let weightGradients = [
    OperatorCase(
      "same", ConvWeightGradient(.init(pads: [1, 1, 1, 1]), weights: shape([3, 2, 3, 3])),
      inputs([2, 2, 5, 4], [2, 3, 5, 4]), hasGolden: true, differences: 12),
    OperatorCase(
      "strided",
      ConvWeightGradient(
        .init(strides: [2, 3], pads: [1, 0, 0, 2], groups: 2), weights: shape([2, 2, 3, 2])),
      inputs([2, 4, 6, 7], [2, 2, 3, 3]), hasGolden: true, differences: 12),
  ]
  @Test(arguments: weightGradients) func weightGradient(_ one: OperatorCase) throws { try one.check() }

  static func shape(_ extents: [Int]) -> Shape { (try? Shape(extents)) ?? .scalar }

  /// The size arithmetic of the textbooks: input, kernel, padding on each side, stride, output.
  @Test(arguments: [
    (16, 5, 0, 1, 12), (16, 5, 2, 1, 16), (32, 5, 0, 1, 28), (32, 5, 2, 1, 32), (7, 3, 0, 1, 5),
    (7, 3, 0, 2, 3),
    (7, 3, 0, 3, 2), (227, 11, 0, 4, 55), (224, 7, 3, 2, 112), (1, 1, 0, 1, 1),
  ])
  func sizes(input: Int, kernel: Int, padding: Int, stride: Int, output: Int) throws {
    let op = Conv(strides: [stride, stride], pads: Array(repeating: padding, count: 4))
    let shapes = try op.outputShapes([
      Self.shape([1, 3, input, input]), Self.shape([4, 3, kernel, kernel]),
    ])
    #expect(shapes == [Self.shape([1, 4, output, output])])
  }

  @Test func sevenBySevenWithStrideThreeIsAnErrorWhenItMustFit() {
    let op = Conv(strides: [3, 3], fit: .exact)
    let error = #expect(throws: OperatorError.self) {
      try op.outputShapes([Self.shape([1, 1, 7, 7]), Self.shape([1, 1, 3, 3])])
    }
    #expect(
      error?.cause.contains("does not fit exactly into 7 cells") == true, "\(String(describing: error))")
  }

  @Test(arguments: [
    (Conv(), [1, 3, 8, 8], [4, 2, 3, 3], "the weights [4 x 2 x 3 x 3] expect 2 channels, the input has 3"),
    (Conv(groups: 2), [1, 3, 8, 8], [4, 1, 3, 3], "3 channels cannot be split into 2 groups"),
    (Conv(groups: 2), [1, 4, 8, 8], [3, 2, 3, 3], "3 filters cannot be split into 2 groups"),
    (Conv(), [1, 3, 2, 8], [4, 3, 3, 3], "a kernel of 3 does not fit into 2 cells"),
    (Conv(dilations: [4, 1]), [1, 3, 8, 8], [4, 3, 3, 3], "with dilation 4 does not fit into 8 cells"),
    (Conv(strides: [0, 1]), [1, 3, 8, 8], [4, 3, 3, 3], "the stride [0, 1] must be 1 or more"),
    (Conv(strides: [1]), [1, 3, 8, 8], [4, 3, 3, 3], "the stride [1] needs 2 numbers"),
    (Conv(pads: [1, 1]), [1, 3, 8, 8], [4, 3, 3, 3], "the padding [1, 1] needs 4 numbers"),
    (Conv(pads: [0, 0, -1, 0]), [1, 3, 8, 8], [4, 3, 3, 3], "must be 0 or more"),
    (Conv(), [3, 8, 8], [4, 3, 3, 3], "the input [3 x 8 x 8] needs 4 dimensions"),
    (Conv(), [1, 3], [4, 3], "1 to 3 spatial dimensions"),
    (Conv(groups: 0), [1, 3, 8, 8], [4, 3, 3, 3], "groups 0 must be 1 or more"),
  ])
  func whatDoesNotFitIsNamed(op: Conv, input: [Int], weights: [Int], text: String) {
    let error = #expect(throws: OperatorError.self) {
      try op.outputShapes([Self.shape(input), Self.shape(weights)])
    }
    #expect(error?.cause.contains(text) == true, "\(error?.cause ?? "")")
  }
}
