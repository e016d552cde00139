import Tensors
import Testing

@testable import Compute

/// Training steps on blocked values: losses, gradients and statistics.
@Suite struct BlockedTrainingTests {
  /// Compares all goals with the plain graph in double.
  /// - Returns: the names of the operators with Winograd.
  @discardableResult
  private func check(_ made: BlockedGraph, _ y: Value, updates: [(parameter: String, value: Value)] = [])
    throws
    -> [String]
  {
    var graph = made.graph
    let weights = try graph.constant(
      Pattern.numbers(graph.shape(y).count, seed: 9), graph.shape(y).extents)
    let loss = try graph.one(SumTo(.scalar), try graph.one(Mul(), y, weights))
    var parameters: [Value] = []
    for (name, shape) in graph.parameters { parameters.append(try graph.parameter(name, shape)) }
    let gradients = try differentiate(loss, by: parameters, in: &graph)
    let values = [loss] + gradients + updates.map(\.value)
    let goals = Goals(outputs: values.enumerated().map { ("v\($0)", $1) })
    let exact = try Interpreter<Double>(graph).run(values, made.given)
    var names: [String] = []
    for (precision, tolerance) in [(LayoutOptions.Precision.exact, 1e-5), (.fast, 5e-5)] {
      let pass = try optimised(graph, goals, layouts: LayoutOptions(precision: precision, packsEachRun: true))
      names = PassTests.names(pass.graph, pass.goals)
      let reference = try Interpreter<Double>(pass.graph).run(pass.goals.values, made.given)
      for (a, b) in zip(reference, exact) {
        let scale = b.map(abs).max() ?? 0
        expectClose(a, b, rtol: 0, atol: 1e-9 * scale + 1e-12, "reference, \(precision)")
      }
      let found = try [1, 2].map {
        try BlockedGraph.run(pass.graph, pass.goals, made.given, threads: $0).numbers
      }
      #expect(found[0].map(\.bitPattern) == found[1].map(\.bitPattern), "1 and 2 threads differ")
      var start = 0
      for (position, numbers) in exact.enumerated() {
        let scale = numbers.map(abs).max() ?? 0
        expectClose(
          found[0][start..<start + numbers.count].map(Double.init), numbers, rtol: 0,
          atol: tolerance * scale + 2e-5, "value \(position), \(precision)")
        start += numbers.count
      }
    }
    return names
  }

  private func normalised(_ x: Value, _ made: inout BlockedGraph, _ updates: inout [(String, Value)]) throws
    -> Value
  {
    let channels = made.graph.shape(x)[1]
    let inputs = [
      x, try made.parameter([channels], 0.5...1.5), try made.parameter([channels]),
      try made.parameter([channels]),
      try made.parameter([channels], 0.5...1.5),
    ]
    let outputs = try made.graph.apply(BatchNormalizationTraining(), inputs)
    updates += [("m", outputs[3]), ("v", outputs[4])]
    return outputs[0]
  }

  /// Convolutions with batch normalisation, pooled, raised, joined with what was before; as in a UNet.
  @Test func smallUNet() throws {
    var made = try BlockedGraph([2, 3, 6, 8])
    var updates: [(String, Value)] = []
    func double(_ x: Value, _ width: Int) throws -> Value {
      let a = try made.graph.one(
        Relu(), try normalised(try made.conv(x, width, bias: false), &made, &updates))
      return try made.graph.one(Relu(), try made.conv(a, width))
    }
    let skip = try double(made.input, 16)
    let bottom = try double(try made.graph.one(MaxPool(.init(kernel: [2, 2])), skip), 24)
    let raised = try made.transposed(bottom, 16)
    let both = try made.graph.apply(Concat(axis: 1), [skip, raised])[0]
    let y = try made.conv(try double(both, 16), 1, kernel: [1, 1])
    let names = try check(made, y, updates: updates.map { (parameter: $0.0, value: $0.1) })
    for name in ["Conv", "ConvTranspose", "ConvInputGradient", "ConvWeightGradient", "MaxPoolGradient"] {
      #expect(!names.contains(name), "\(name) is left")
    }
    // That of the skip, whose seed is a sum.
    #expect(names.count { $0 == "ReluGradient" } == 1)
    #expect(names.count { $0 == "FromBlocked" } <= 1 && names.contains("BlockedBatchNormalizationGradient"))
  }

  @Test func stridesGroupsAndMeans() throws {
    var made = try BlockedGraph([2, 16, 9, 8])
    let a = try made.graph.one(LeakyRelu(slope: 0.1), try made.conv(made.input, 32, strides: [2, 2]))
    let b = try made.conv(a, 32, groups: 2, bias: false)
    let c = try made.graph.one(AveragePool(.init(kernel: [3, 3], stride: [1, 1], padsBefore: [1, 1])), b)
    let d = try made.graph.one(Add(), c, a)
    let e = try made.graph.one(LeakyRelu(slope: 0.2), try made.conv(d, 32, groups: 32))
    let f = try made.graph.one(Tanh(), try made.conv(e, 16))
    let names = try check(made, f)
    #expect(names.count { $0 == "LeakyReluGradient" } == 1, "one is part of a convolution")
  }

  /// From a few channels to a few filters: their gradients are made of plain numbers as they lie, and the result's goes
  /// backward from a plain value.
  @Test func fewChannelsAndFilters() throws {
    var made = try BlockedGraph([2, 3, 13, 12])
    let a = try made.graph.one(Relu(), try made.conv(made.input, 20, kernel: [5, 5]))
    let b = try made.graph.one(Relu(), try made.conv(a, 34, kernel: [1, 1]))
    let y = try made.conv(b, 2)
    let names = try check(made, y)
    for name in ["Conv", "ConvInputGradient", "ConvWeightGradient", "ToBlocked", "FromBlocked"] {
      #expect(!names.contains(name), "\(name) is left")
    }
  }

  /// The mean of all pixels: the gradient comes back as a plain value, and goes on in blocks.
  @Test func meanOfPixels() throws {
    var made = try BlockedGraph([2, 16, 6, 7])
    let a = try made.graph.one(Relu(), try made.conv(made.input, 32))
    let b = try made.graph.one(Relu(), try made.graph.one(Add(), try made.conv(a, 32), a))
    let y = try made.graph.one(GlobalAveragePool(), b)
    let names = try check(made, y)
    for name in ["Conv", "ConvInputGradient", "ConvWeightGradient", "ChannelSum"] {
      #expect(!names.contains(name), "\(name) is left")
    }
  }
}
