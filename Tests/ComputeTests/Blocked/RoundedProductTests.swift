import Tensors
import Testing

@testable import Compute

/// Graphs whose products are rounded to bfloat16: the reference rounds too, so what is left between it and the program
/// are sums in float32, and numbers that they push over to the other side of a rounding.
@Suite struct RoundedProductTests {
  /// - Returns: the names of the operators, and what is said about the precision.
  @discardableResult
  private func check(_ made: BlockedGraph, _ y: Value, flips: Double = 4e-3) throws -> (
    names: [String], title: String
  ) {
    let expected = try made.exact(y)
    let scale = expected.map(abs).max() ?? 0
    let rounded = try optimised(
      made.graph, Goals(outputs: [("y", y)]), layouts: LayoutOptions(precision: .bf16))
    let reference = try Interpreter<Double>(rounded.graph).run(rounded.goals.values, made.given)[0]
    expectClose(reference, expected, rtol: 0, atol: 3e-2 * scale, "rounding")
    #expect(reference != expected)
    let found = try [1, 2, 3].map {
      try BlockedGraph.run(rounded.graph, rounded.goals, made.given, threads: $0).numbers.map(\.bitPattern)
    }
    #expect(found[0] == found[1] && found[0] == found[2], "the numbers depend on the threads")
    expectClose(
      found[0].map { Double(Float(bitPattern: $0)) }, reference, rtol: 0, atol: flips * scale, "program")
    return (
      PassTests.names(rounded.graph, rounded.goals), ProductPrecision(rounded.graph, rounded.goals).title
    )
  }

  @Test func classifier() throws {
    var made = try BlockedGraph([3, 5, 13, 11])
    var x = try made.graph.one(Relu(), try made.conv(made.input, 32))
    x = try made.graph.one(Relu(), try made.batchNorm(try made.conv(x, 48, bias: false)))
    x = try made.graph.one(MaxPool(.init(kernel: [2, 2])), x)
    let flat = try made.graph.one(Flatten(), x)
    let width = made.graph.shape(flat)[1]
    let hidden = try made.graph.one(
      Relu(),
      try made.graph.one(
        Gemm(transposeB: true), flat, try made.parameter([70, width], -0.03...0.03), try made.parameter([70]))
    )
    let y = try made.graph.one(Gemm(transposeB: true), hidden, try made.parameter([9, 70], -0.2...0.2))
    let (names, title) = try check(made, y)
    #expect(names.count { $0 == "RoundedProduct" } == 2 && !names.contains("Gemm") && !names.contains("Relu"))
    #expect(
      title.hasPrefix("bfloat16 products in 3 of 4 layers, float32 in Conv (direct from plain)"), "\(title)")
  }

  @Test func levelWithSkipConnection() throws {
    var made = try BlockedGraph([1, 16, 14, 20])
    let skip = try made.graph.one(Relu(), try made.conv(made.input, 32))
    let down = try made.graph.one(MaxPool(.init(kernel: [2, 2])), skip)
    let inner = try made.graph.one(Relu(), try made.conv(down, 64))
    let raised = try made.transposed(inner, 32)
    let both = try made.graph.apply(Concat(axis: 1), [skip, raised])[0]
    let last = try made.graph.one(Relu(), try made.graph.one(Add(), try made.conv(both, 32), skip))
    let y = try made.conv(last, 1, kernel: [1, 1])
    try check(made, y)
  }

  /// Depthwise, dilated, strided and grouped ones, and kernels that no unit computes.
  @Test func otherKernels() throws {
    var made = try BlockedGraph([1, 32, 17, 15])
    var x = try made.conv(made.input, 32)
    x = try made.conv(x, 32, groups: 32)
    x = try made.conv(x, 64, kernel: [1, 1])
    x = try made.conv(x, 64, strides: [2, 1], dilations: [1, 2], groups: 2)
    x = try made.conv(x, 24, kernel: [5, 3])
    let (_, title) = try check(made, x)
    #expect(title == "bfloat16 products in 4 of 5 layers, float32 in Conv (depthwise)", "\(title)")
    let up = try made.transposed(x, 16, kernel: [3, 3], pads: [1, 1, 1, 1])
    let other = try check(made, up)
    #expect(other.title.contains("ConvTranspose (direct, transposed)"), "\(other.title)")
  }

  /// Nothing is rounded unless it is asked for, and what has no rounded kernel stays in float32.
  @Test func neverSilently() throws {
    var made = try BlockedGraph([2, 32, 9, 8])
    let y = try made.conv(try made.conv(made.input, 32), 32, kernel: [5, 5])
    for precision in LayoutOptions.Precision.allCases where precision != .bf16 {
      let graph = try optimised(
        made.graph, Goals(outputs: [("y", y)]), layouts: LayoutOptions(precision: precision))
      #expect(ProductPrecision(graph.graph, graph.goals).rounded == 0)
      #expect(precision.provenance.isEmpty)
    }
    let product = try made.graph.one(
      MatMul(), try made.graph.one(Flatten(), made.input), try made.parameter([32 * 72, 3]))
    let graph = try optimised(
      made.graph, Goals(outputs: [("y", product)]), layouts: LayoutOptions(precision: .bf16))
    #expect(
      ProductPrecision(graph.graph, graph.goals).title == "no layer has products in bfloat16: all in float32")
  }

  /// Half the memory of the weights.
  @Test func weightsNeedHalf() throws {
    var made = try BlockedGraph([1, 64, 16, 16])
    let y = try made.conv(try made.conv(made.input, 64), 64)
    func kept(_ precision: LayoutOptions.Precision) throws -> Int {
      let graph = try optimised(
        made.graph, Goals(outputs: [("y", y)]), layouts: LayoutOptions(precision: precision))
      return try ProgramPlan(graph.graph, graph.goals, prepares: true, threads: 2).keptBytes
    }
    let (rounded, exact) = try (kept(.bf16), kept(.exact))
    #expect(2 * rounded <= exact + 4096, "\(rounded) and \(exact) bytes")
  }
}
