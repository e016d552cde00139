import Tensors
import Testing

@testable import Compute

/// Chains that are computed band by band give the bits of their steps one after another, and the reference's numbers.
@Suite struct BlockedBandsTests {
  private func check(
    _ made: BlockedGraph, _ outputs: [Value], leastBytes: Int = 0, bandBytes: Int = 1, _ what: String = "",
    precision: LayoutOptions.Precision = .fast
  ) throws -> [BlockedBands] {
    let goals = Goals(outputs: outputs.enumerated().map { (name: "y\($0)", value: $1) })
    var steps = try MergeEqualNodes.run(made.graph, goals)
    steps = try FuseActivation.run(steps.graph, steps.goals)
    steps = try AssignLayouts.run(steps.graph, steps.goals, LayoutOptions(precision: precision))
    let bands = try FuseBands.run(steps.graph, steps.goals, leastBytes: leastBytes, bandBytes: bandBytes)
    let wanted = try BlockedGraph.run(steps.graph, steps.goals, made.given, threads: 1)
    for threads in [1, 2, 3] {
      let found = try BlockedGraph.run(bands.graph, bands.goals, made.given, threads: threads)
      #expect(
        found.numbers.map(\.bitPattern) == wanted.numbers.map(\.bitPattern), "\(what), \(threads) threads")
    }
    // Rounding is the steps' own.
    let exact = try
      (precision == .bf16
      ? Interpreter<Double>(steps.graph).run(steps.goals.values, made.given)
      : Interpreter<Double>(made.graph).run(outputs, made.given)).flatMap(\.self)
    let reference = try Interpreter<Double>(bands.graph).run(bands.goals.values, made.given).flatMap(\.self)
    expectClose(reference, exact, rtol: 0, atol: 1e-9 * (exact.map(abs).max() ?? 0), "\(what) reference")
    return bands.graph.nodes(for: bands.goals.values).compactMap { bands.graph.nodes[$0].op as? BlockedBands }
  }

  @Test func superResolution() throws {
    var made = try BlockedGraph([2, 1, 21, 18])
    let a = try made.graph.one(
      Relu(), try made.conv(made.input, 64, kernel: [9, 9], pads: [4, 4, 4, 4]))
    let b = try made.graph.one(Relu(), try made.conv(a, 32, kernel: [1, 1]))
    let y = try made.conv(b, 1, kernel: [5, 5])
    let chains = try check(made, [y])
    #expect(chains.count == 1 && chains.first?.steps.count == 3 && chains.first?.wanted == [2])
    #expect(chains.first.map { !$0.detail.hasPrefix("1 bands") } == true, "\(chains.map(\.detail))")
  }

  /// Two levels with a skip connection, of which the encoder's last value is read outside.
  @Test(arguments: [(28, 20), (19, 22)]) func twoLevels(_ rows: Int, _ columns: Int) throws {
    var made = try BlockedGraph([1, 16, rows, columns])
    func double(_ x: Value, _ width: Int, _ made: inout BlockedGraph) throws -> Value {
      var x = x
      for _ in 0..<2 { x = try made.graph.one(Relu(), try made.conv(x, width)) }
      return x
    }
    let skip = try double(made.input, 32, &made)
    let pooled = try made.graph.one(MaxPool(.init(kernel: [2, 2])), skip)
    let bottom = try double(pooled, 32, &made)
    guard rows % 2 == 0 else {
      _ = try check(made, [skip, bottom])
      return
    }
    let raised = try made.transposed(bottom, 32)
    let both = try made.graph.apply(Concat(axis: 1), [skip, raised])[0]
    let y = try made.conv(try double(both, 32, &made), 1, kernel: [1, 1])
    for precision in LayoutOptions.Precision.allCases {
      let chains = try check(made, [y], precision: precision)
      #expect(!chains.isEmpty)
      #expect(chains.contains { $0.steps.contains { $0.op is Concat } }, "\(chains.map(\.detail))")
    }
    _ = try check(made, [y, bottom], "an inner value wanted")
  }

  /// Strides, dilations, other kernels, groups, depthwise; rows that do not divide.
  @Test func otherKernels() throws {
    var made = try BlockedGraph([1, 3, 47, 20])
    var x = try made.conv(made.input, 32, kernel: [7, 7], strides: [2, 2], pads: [3, 3, 3, 3])
    x = try made.graph.one(
      MaxPool(.init(kernel: [3, 3], stride: [2, 1], padsBefore: [1, 1], padsAfter: [1, 1])), x)
    x = try made.graph.one(
      Relu(), try made.conv(x, 32, kernel: [3, 3], dilations: [2, 2], pads: [2, 2, 2, 2]))
    x = try made.graph.one(AveragePool(.init(kernel: [2, 3], stride: [1, 1])), x)
    x = try made.graph.one(Relu(), try made.conv(x, 32, groups: 32))
    x = try made.conv(x, 48, kernel: [5, 4], groups: 1)
    x = try made.transposed(x, 24, kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
    let chains = try check(made, [x])
    #expect(chains.reduce(0) { $0 + $1.steps.count } >= 5)
  }

  /// Small values stay as they are.
  @Test func smallStays() throws {
    var made = try BlockedGraph([1, 16, 20, 20])
    let x = try made.graph.one(Relu(), try made.conv(made.input, 32))
    let y = try made.conv(x, 32)
    #expect(try check(made, [y], leastBytes: FuseBands.leastBytes).isEmpty)
  }

  /// Values of other ranks, before and behind a chain, are left alone; so are gradients.
  @Test func otherRanksStay() throws {
    var made = try BlockedGraph([2, 3, 20, 18])
    let a = try made.graph.one(Relu(), try made.conv(made.input, 32))
    let b = try made.graph.one(Relu(), try made.conv(a, 32))
    let flat = try made.graph.one(Flatten(), b)
    let w = try made.parameter([5, made.graph.shape(flat)[1]])
    let y = try made.graph.one(Gemm(transposeB: true), flat, w)
    let z = try made.graph.one(Gemm(transposeB: true), y, try made.parameter([3, 5]))
    #expect(try !check(made, [z]).isEmpty)
    let loss = try made.graph.one(ReduceSum(axes: [0, 1]), z)
    let gradients = try differentiate(loss, by: [w], in: &made.graph)
    _ = try check(made, [loss] + gradients)
  }
}
