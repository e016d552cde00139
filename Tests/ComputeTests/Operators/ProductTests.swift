import Tensors
import Testing

@testable import Compute

@Suite struct ProductTests {
  static func inputs(_ extents: [Int]...) -> [OperatorCase.Input] { extents.map { .init(extents: $0) } }

  static let gemms = [
    OperatorCase("linear", Gemm(transposeB: true), inputs([3, 5], [4, 5], [4]), hasGolden: true),
    OperatorCase(
      "all options", Gemm(alpha: 0.5, beta: 2, transposeA: true, transposeB: true),
      inputs([5, 3], [4, 5], [3, 1]), hasGolden: true),
    OperatorCase("transposed first", Gemm(transposeA: true), inputs([7, 2], [7, 1]), hasGolden: true),
    OperatorCase("in pieces", Gemm(), inputs([3, 65], [65, 150]), tolerance: 4e-6, differences: 3),
    OperatorCase(
      "rows in pieces", Gemm(transposeB: true), inputs([190, 33], [40, 33]), tolerance: 4e-6, differences: 3),
  ]
  @Test(arguments: gemms) func gemm(_ one: OperatorCase) throws { try one.check() }

  static let products = [
    OperatorCase("matrices", MatMul(), inputs([3, 5], [5, 4]), hasGolden: true),
    OperatorCase("batch", MatMul(), inputs([2, 3, 2, 5], [3, 5, 4]), hasGolden: true),
    OperatorCase("broadcast", MatMul(), inputs([2, 1, 2, 3], [4, 3, 2]), hasGolden: true),
    OperatorCase("row", MatMul(), inputs([3], [2, 3, 4]), hasGolden: true),
    OperatorCase("column", MatMul(), inputs([2, 4, 3], [3]), hasGolden: true),
    OperatorCase("vectors", MatMul(), inputs([6], [6]), hasGolden: true),
  ]
  @Test(arguments: products) func matMul(_ one: OperatorCase) throws { try one.check() }

  static let sums = [
    OperatorCase("image", ChannelSum(), inputs([3, 2, 4, 5]), hasGolden: true),
    OperatorCase("rows", ChannelSum(), inputs([7, 3]), hasGolden: true),
  ]
  @Test(arguments: sums) func channelSum(_ one: OperatorCase) throws { try one.check() }

  @Test func whatDoesNotFitIsNamed() throws {
    let error = #expect(throws: OperatorError.self) {
      try Gemm(transposeB: true).outputShapes([ConvTests.shape([3, 5]), ConvTests.shape([5, 4])])
    }
    #expect(error?.cause == "[3 x 5] has 5 columns, [5 x 4] transposed has 4 rows")
    let other = #expect(throws: OperatorError.self) {
      try MatMul().outputShapes([ConvTests.shape([2, 3, 5]), ConvTests.shape([3, 5, 4])])
    }
    #expect(other?.cause.contains("cannot be broadcast") == true, "\(other?.cause ?? "")")
  }
}
