import Basics
import Compute
import Foundation
import Networks
import Tensors
import Testing

/// What layers promise of their output, whatever their weights are.
@Suite struct ConstraintTests {
  /// Numbers like a field's, from a seed.
  private static func numbers(_ count: Int, _ seed: UInt64, scale: Double = 1, shift: Double = 0) -> [Float] {
    var random = RandomStream(seed: seed, stream: 1)
    return (0..<count).map { _ in Float(random.nextNormal() * scale + shift) }
  }

  private static func output(_ network: Network, _ input: [Float]) throws -> [Float] {
    let parameters = try network.initialParameters(seed: 5)
    var given: [String: [Float]] = ["input": input]
    for declaration in network.parameters {
      given[declaration.name] = parameters[declaration.name].map { o in (0..<o.count).map { o[$0] } }
    }
    return try Interpreter<Float>(network.graph).run([network.output], given)[0]
  }

  /// The mean of each coarse cell is its value, to 1e-6 of what is added up; where the value is not negative, nothing
  /// is with softmax and with the multiplicative method.
  @Test(arguments: Constrain.Method.allCases, [1, 2, 3, 7]) func meansAreKept(
    _ method: Constrain.Method, _ factor: Int
  ) throws {
    let (rows, columns) = (4, 5)
    let layer = Constrain(method, factor: Sizes(factor), channels: [1, 0]) {
      EDSR(Enlargement(scale: factor, outputs: 3, up: .resizeConvolution), width: 4, depth: 1)
    }
    let network = try NetworkSpec(layer).network(input: try Shape([2, 2, rows, columns]), .inference)
    #expect(network.outputShape.extents == [2, 3, rows * factor, columns * factor])
    let input = Self.numbers(2 * 2 * rows * columns, 3, scale: 2, shift: 0).map { abs($0) }
    let made = try Self.output(network, input)
    #expect(made.allSatisfy { $0.isFinite })
    let width = columns * factor
    for sample in 0..<2 {
      for channel in 0..<2 {
        let base = (sample * 3 + channel) * rows * factor * width
        for row in 0..<rows {
          for column in 0..<columns {
            var (sum, size) = (0.0, 0.0)
            for i in 0..<factor {
              for j in 0..<factor {
                let number = Double(made[base + (row * factor + i) * width + column * factor + j])
                sum += number
                size += abs(number)
                #expect(method == .additive || number >= 0)
              }
            }
            let cells = Double(factor * factor)
            let wanted = Double(input[((sample * 2 + 1 - channel) * rows + row) * columns + column])
            #expect(abs(sum / cells - wanted) <= 1e-6 * max(1, size / cells))
          }
        }
      }
    }
  }

  /// Nothing at all, or numbers beyond what exponentials can be, make no NaN.
  @Test func extremeNumbers() throws {
    for method in Constrain.Method.allCases {
      let network = try NetworkSpec { Constrain(method, factor: 2) { ReLU() } }.network(
        input: try Shape([1, 1, 4, 4]), .inference)
      for value in [Float(0), 1e4, 1e-30] {
        let made = try Self.output(network, [Float](repeating: value, count: 16))
        #expect(made.allSatisfy { abs($0 - value) <= 1e-6 * value }, "\(method) of \(value): \(made)")
      }
    }
  }

  /// The derivative by each parameter is that of finite differences.
  @Test(
    arguments: [
      Constrain(.additive, factor: 2) { Conv(2, kernel: 1) },
      Constrain(.multiplicative, factor: 2) {
        Conv(2, kernel: 1)
        Softplus()
      }, Constrain(.softmax, factor: 2) { Conv(2, kernel: 1) }, LocallyConnected(2, kernel: 3),
      LocallyConnected(2, kernel: 2, stride: 2, padding: .valid), SqueezeExcitation(reduction: 1),
      SpatialPyramid(2, rates: [1]),
    ] as [any Layer]) func gradients(_ layer: any Layer) throws
  {
    var network = try NetworkSpec(layer).network(input: try Shape([2, 2, 4, 4]), .inference)
    var given: [String: [Double]] = [:]
    for parameter in network.parameters {
      given[parameter.name] = PeerTests.numbers(parameter.name, parameter.shape.count)
    }
    given["input"] = (0..<network.inputShape.count).map { 1.5 + sin(0.31 * Double($0 * $0 % 97)) }
    let weights = try network.graph.constant(
      (0..<network.outputShape.count).map { cos(1.7 * Double($0)) }, network.outputShape.extents)
    let loss = try network.graph.sum(try network.graph.multiply(network.output, weights))
    let trained = network.parameters.filter(\.isTrained)
    var values: [Value] = []
    for parameter in trained { values.append(try network.graph.parameter(parameter.name, parameter.shape)) }
    let gradients = try differentiate(loss, by: values, in: &network.graph)
    let interpreter = Interpreter<Double>(network.graph)
    let exact = try interpreter.run(gradients, given)
    for (parameter, gradient) in zip(trained, exact) {
      for index in stride(from: 0, to: parameter.shape.count, by: 3) {
        func value(_ step: Double) throws -> Double {
          var moved = given
          moved[parameter.name]?[index] += step
          return try interpreter.run([loss], moved)[0][0]
        }
        let found = (try value(1e-5) - value(-1e-5)) / 2e-5
        #expect(
          abs(found - gradient[index]) <= 1e-6 * max(1, abs(found)),
          "\(parameter.name)[\(index)]: \(gradient[index]), by differences \(found)")
      }
    }
  }

  private func fault(_ input: [Int], _ layer: any Layer) throws -> String {
    do {
      let network = try NetworkSpec(layer).network(input: try Shape(input), .training)
      return "accepted, output \(network.outputShape)"
    } catch { return "\(error)" }
  }

  @Test func whatDoesNotFitIsSaid() throws {
    #expect(try fault([1, 1, 4, 4], Constrain { Conv(1) }).contains("`factor` must say"))
    #expect(try fault([1, 1, 5, 4], Constrain(factor: 2) { Conv(1) }).contains("5 cells cannot be divided"))
    #expect(
      try fault([1, 1, 4, 4], Constrain(factor: 2, channels: [1]) { Conv(1) }).contains("no channel 1"))
    #expect(
      try fault([1, 2, 4, 4], Constrain(factor: 2, channels: [0, 1]) { Conv(1) }).contains("cannot be kept"))
    #expect(
      try fault([1, 1, 4, 4], Constrain(factor: 2) { Resize(scale: 3) }).contains("or be 2 times finer"))
    #expect(try fault([1, 1, 4, 4], Constrain { MaxPool(2) }).contains("whole number of times"))
    #expect(
      try fault([1, 1, 4, 4], LocallyConnected(1, kernel: 5, padding: .valid)).contains(
        "larger than the field"))
    #expect(try fault([1, 4], LocallyConnected(1)).contains("spatial"))
    #expect(
      try fault([1, 1, 6, 8], EDSR(Enlargement(scale: 4, auxiliary: 0), width: 2)).contains("divisible by 4"))
    #expect(
      try fault([1, 1, 8, 8], EDSR(Enlargement(scale: 4, auxiliary: 1), width: 2)).contains("in front of 1"))
    #expect(
      try fault([1, 1, 8, 8], EDSR(Enlargement(scale: 2, residual: [1]), width: 2)).contains("no channel 1"))
    #expect(try fault([1, 4, 12, 8], CGNet()).contains("divisible by 8"))
    #expect(try fault([1, 1, 9000, 9000], DeepESD()).contains("too many cells"))
    #expect(
      try fault([1, 2, 8, 8], ShaUNet(widths: [2, 4], secondOutput: 1, relief: 2)).contains("no channel 2"))
  }

  @Test(
    arguments: [
      ("clip", []), ("clip", [("low", .integer(2)), ("high", .integer(1))]),
      ("constrain", [("layers", .list([])), ("channels", .list([.integer(-1)]))]),
      ("constrain", [("layers", .list([])), ("scale", .integer(0))]),
      ("aspp", [("rates", .list([.integer(0)]))]), ("deepesd", [("filters", .list([]))]),
      ("edsr", [("scale", .integer(65))]), ("edsr", [("auxiliary", .integer(-1))]),
      ("mobilenet-v2", [("output-stride", .integer(4))]), ("locally-connected", [("kernel", .integer(1))]),
    ] as [(String, [(String, ConfigValue)])]) func wrongKeys(_ name: String, _ keys: [(String, ConfigValue)])
  {
    #expect(throws: SpecFaults.self) { try NetworkSpec(.mapping([(name, .mapping(keys))])) }
  }

  /// Weights of each cell hold for one size, and the network is not applied in tiles.
  @Test func localWeightsBelongToASize() throws {
    let spec = NetworkSpec(LocallyConnected(1, kernel: 3))
    let network = try spec.network(input: try Shape([1, 2, 4, 6]), .inference)
    #expect(network.parameters.map(\.shape.extents) == [[24, 18, 1], [1, 4, 6]])
    #expect(Reach(network.graph, from: network.input, to: network.output).tiling(dimension: 1) == nil)
    let plan = try TrainingPlan(
      spec, loss: MeanSquaredError(), options: SmallTraining.options(), channels: (2, 1), patch: [6, 6],
      batch: 1, threads: 1)
    let parameters = try network.initialParameters(seed: 1)
    #expect { try plan.checked(parameters) } throws: {
      "\($0)".contains("weight") && "\($0)".contains("24") && "\($0)".contains("36")
    }
    // Constraints and generators can be applied so.
    let other = try NetworkSpec(
      Constrain(.softmax, factor: 2) { EDSR(width: 2, depth: 1) }
    ).network(input: try Shape([1, 1, 8, 8]), .inference)
    let tiling = Reach(other.graph, from: other.input, to: other.output).tiling(dimension: 2)
    #expect(tiling?.scale == Ratio(2, 1))
  }

  /// The second head of the UNet-AE is compared with the relief by the mean absolute error, not with the target: that is
  /// what its weight adds to the loss.
  @Test func theSecondHeadRebuildsTheRelief() throws {
    func unet(_ weight: Double) -> NetworkSpec {
      NetworkSpec(ShaUNet(widths: [4, 6], secondOutput: weight, relief: 1))
    }
    func loss(_ weight: Double) throws -> Double {
      let options = SmallTraining.options(steps: 1) { ($0.rate, $0.decay) = (0, 0) }
      let run = try SmallTraining.run(
        options, samples: WaveSamples(count: 4), spec: unet(weight), validates: false)
      _ = try run.run()
      return try #require(run.progress.history.lines.last).trainingLoss
    }
    let network = try unet(1).network(input: try Shape([4, 2, 8, 8]), .training)
    let head = try #require(network.sideOutputs.first)
    #expect(head.rebuilds == Rebuilding(1..<2, .absolute))
    let parameters = try network.initialParameters(seed: 9)
    var given: [String: [Float]] = [:]
    for declaration in network.parameters {
      given[declaration.name] = parameters[declaration.name].map { o in (0..<o.count).map { o[$0] } }
    }
    let batch = try Batch(input: try Shape([4, 2, 8, 8]), target: try Shape([4, 1, 8, 8]))
    for index in 0..<4 { try WaveSamples().fill(batch.slot(index), epoch: 0, index: index) }
    given["input"] = (0..<batch.input.count).map { batch.input[$0] }
    let rebuilt = try Interpreter<Float>(network.graph).run([head.value], given)[0]
    var error = 0.0
    for index in rebuilt.indices {
      let (sample, cell) = index.quotientAndRemainder(dividingBy: 64)
      error += Double(abs(rebuilt[index] - batch.input[sample * 128 + 64 + cell])) / 256
    }
    let added = try loss(3) - loss(1)
    #expect(error > 0.1 && abs(added - 2 * error) <= 1e-5, "\(added), expected twice \(error)")
  }

  /// The decoder of an autoencoder adds its mean square error against the whole input, where targets are missing too;
  /// prediction leaves its layers out.
  @Test func aDecoderRebuildsTheInputOfTheNetwork() throws {
    func spec(_ weight: Double) -> NetworkSpec {
      NetworkSpec {
        Conv(4, kernel: 3)
        Rebuild(weight: weight) {
          ReLU(); Conv(2, kernel: 3)
        }
        Conv(1, kernel: 1)
      }
    }
    func loss(_ weight: Double) throws -> Double {
      let options = SmallTraining.options(steps: 1) { ($0.rate, $0.decay) = (0, 0) }
      let run = try SmallTraining.run(
        options, samples: WaveSamples(count: 4), spec: spec(weight), validates: false)
      _ = try run.run()
      return try #require(run.progress.history.lines.last).trainingLoss
    }
    let network = try spec(1).network(input: try Shape([4, 2, 8, 8]), .training)
    let decoder = try #require(network.sideOutputs.first)
    #expect(decoder.rebuilds == Rebuilding(0..<2, .squared))
    let parameters = try network.initialParameters(seed: 9)
    var given: [String: [Float]] = [:]
    for declaration in network.parameters {
      given[declaration.name] = parameters[declaration.name].map { o in (0..<o.count).map { o[$0] } }
    }
    let batch = try Batch(input: try Shape([4, 2, 8, 8]), target: try Shape([4, 1, 8, 8]))
    for index in 0..<4 { try WaveSamples().fill(batch.slot(index), epoch: 0, index: index) }
    let input = (0..<batch.input.count).map { batch.input[$0] }
    given["input"] = input
    let rebuilt = try Interpreter<Float>(network.graph).run([decoder.value], given)[0]
    let error =
      zip(rebuilt, input).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) } / Double(input.count)
    let added = try loss(3) - loss(1)
    #expect(error > 0.1 && abs(added - 2 * error) <= 1e-4 * error, "\(added), expected twice \(error)")
    #expect(throws: GraphError.self) {
      try NetworkSpec { Rebuild { Conv(3) } }.network(input: try Shape([1, 2, 8, 8]), .training)
    }
  }
}
