import Basics
import Compute
import Tensors
import Testing

@testable import Networks

@Suite struct InitialiserTests {
  static func make(_ name: String, _ keys: [(String, ConfigValue)] = []) throws -> any Initialiser {
    let decoding = Decoding()
    let made = decode(name, keys, decoding)
    return try #require(made, "\(decoding.faults)")
  }

  static func decode(_ name: String, _ keys: [(String, ConfigValue)], _ decoding: Decoding)
    -> (any Initialiser)?
  {
    decoding.one(
      keys.isEmpty ? .text(name) : .mapping([(name, .mapping(keys))]), "initialiser",
      of: allInitialisers.map { type in
        (type.declaration, { (arguments: Arguments) throws(PlanError) in try type.init(arguments) })
      })
  }

  static func numbers(_ initialiser: any Initialiser, _ extents: [Int], seed: UInt64 = 7) throws -> [Double] {
    let shape = try Shape(extents)
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: shape.count)
    buffer.initialize(repeating: .nan)
    defer { buffer.deallocate() }
    var stream = RandomStream(seed: seed, stream: 3)
    initialiser.fill(Operand(shape, buffer), fan: Fan(weight: shape), &stream)
    return buffer.map(Double.init)
  }

  static func moments(_ numbers: [Double]) -> (mean: Double, variance: Double, greatest: Double) {
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count)
    return (mean, variance, numbers.map(abs).max() ?? 0)
  }

  struct Expected: Sendable, CustomTestStringConvertible {
    let name: String
    var keys: [(String, ConfigValue)] = []
    var mean = 0.0
    let variance: Double
    /// No number is beyond.
    var limit = Double.infinity
    var testDescription: String { "\(name) \(keys)" }
  }

  /// Of a weight [32, 16, 3, 3]: fan-in 144, fan-out 288.
  static let expected = [
    Expected(name: "uniform", variance: 0.1 * 0.1 / 12, limit: 0.05),
    Expected(
      name: "uniform", keys: [("low", .number(1)), ("high", .number(3))], mean: 2, variance: 4.0 / 12,
      limit: 3),
    Expected(name: "normal", variance: 1e-4),
    Expected(name: "normal", keys: [("deviation", .number(2)), ("mean", .number(1))], mean: 1, variance: 4),
    // The variance of a normal distribution cut off at two deviations is 0.7737 of the whole one's.
    Expected(name: "normal", keys: [("truncated", .boolean(true))], variance: 0.7737e-4, limit: 0.02),
    Expected(name: "xavier", variance: 2.0 / 432, limit: (6.0 / 432).squareRoot()),
    Expected(
      name: "xavier", keys: [("uniform", .boolean(false)), ("gain", .number(2))], variance: 4 * 2.0 / 432),
    Expected(name: "he", variance: 2.0 / 144),
    Expected(name: "he", keys: [("mode", .text("fan-out"))], variance: 2.0 / 288),
    Expected(name: "he", keys: [("slope", .number(1))], variance: 1.0 / 144),
    Expected(name: "caffe-xavier", variance: 1.0 / 144, limit: (3.0 / 144).squareRoot()),
    Expected(name: "caffe-xavier", keys: [("uniform", .boolean(false))], variance: 1.0 / 144),
    Expected(name: "pytorch", variance: 1.0 / 432, limit: 1.0 / 12),
    Expected(name: "icnr", variance: 2.0 / 144),
    Expected(name: "orthogonal", variance: 1.0 / 144),
    Expected(name: "lsuv", variance: 1.0 / 144),
    Expected(name: "zeros", variance: 0, limit: 0),
    Expected(name: "constant", keys: [("value", .number(0.5))], mean: 0.5, variance: 0, limit: 0.5),
  ]

  @Test(arguments: expected) func moments(_ one: Expected) throws {
    let initialiser = try Self.make(one.name, one.keys)
    let numbers = try Self.numbers(initialiser, [32, 16, 3, 3])
    let (mean, variance, greatest) = Self.moments(numbers)
    // 4608 numbers: the mean is off by 0.015 deviations, the variance by 2 % (icnr has a quarter of them).
    #expect(abs(mean - one.mean) <= 0.06 * one.variance.squareRoot() + 1e-7)
    #expect(abs(variance - one.variance) <= 0.1 * one.variance)
    #expect(greatest <= one.limit * (1 + 1e-6))
    #expect(try Self.numbers(initialiser, [32, 16, 3, 3]) == numbers)
    if one.variance > 0 { #expect(try Self.numbers(initialiser, [32, 16, 3, 3], seed: 8) != numbers) }
    let again = try Self.make(one.name, initialiser.keys)
    #expect(try Self.numbers(again, [32, 16, 3, 3]) == numbers)
  }

  @Test func everyInitialiserIsTested() {
    #expect(Set(allInitialisers.map { $0.declaration.name }) == Set(Self.expected.map(\.name)))
  }

  @Test(arguments: [[6, 4, 3, 3], [40, 3, 2, 2], [5, 5], [7], [1, 1]])
  func orthogonality(_ extents: [Int]) throws {
    let numbers = try Self.numbers(Orthogonal(gain: 2), extents)
    let rows = extents[0]
    let columns = numbers.count / rows
    for a in 0..<min(rows, columns) {
      for b in 0...a {
        let product = (0..<max(rows, columns)).reduce(0.0) { sum, i in
          rows <= columns
            ? sum + numbers[a * columns + i] * numbers[b * columns + i]
            : sum + numbers[i * columns + a] * numbers[i * columns + b]
        }
        #expect(abs(product - (a == b ? 4 : 0)) < 1e-5)
      }
    }
  }

  @Test func subPixelsBeginAlike() throws {
    let initialiser = try Self.make(
      "icnr",
      [
        ("scale", .integer(3)),
        ("initialiser", .mapping([("normal", .mapping([("deviation", .number(1))]))])),
      ])
    let numbers = try Self.numbers(initialiser, [2 * 9, 4, 3, 3])
    for channel in 0..<2 {
      let filters = (0..<9).map { Array(numbers[(channel * 9 + $0) * 36..<(channel * 9 + $0 + 1) * 36]) }
      #expect(filters.allSatisfy { $0 == filters[0] })
      #expect(Set(filters[0]).count > 30)
    }
    #expect(numbers[0..<36] != numbers[9 * 36..<10 * 36])
    // A cube has 27 sub-pixels; where the channels do not fit it is the inner initialiser.
    #expect(Set(try Self.numbers(ICNR(scale: 3, Normal(1)), [27, 1, 1, 1, 1])).count == 1)
    #expect(Set(try Self.numbers(ICNR(scale: 2, Normal(1)), [7, 1, 1, 1])).count == 7)
  }

  @Test func parametersAreIndependentOfOtherLayers() throws {
    func weights(_ spec: NetworkSpec) throws -> [[Float]] {
      let network = try spec.network(input: try Shape([1, 2, 8, 8]), .training)
      let parameters = try network.initialParameters(seed: 5)
      return ["0.weight", "1.weight"].map { name in
        parameters[name].map { o in (0..<o.count).map { o[$0] } } ?? []
      }
    }
    let one = try weights(
      NetworkSpec {
        Conv(4, initialiser: Orthogonal()); Conv(4)
      })
    let other = try weights(
      NetworkSpec {
        Conv(4, initialiser: Uniform()); Conv(4)
      })
    #expect(one[0] != other[0] && one[0].count == 72)
    #expect(one[1] == other[1] && one[1].count == 144)
  }

  @Test(arguments: [
    ("uniform", "low", "1"), ("normal", "deviation", "-1"), ("xavier", "gain", "0"), ("icnr", "scale", "0"),
    ("icnr", "initialiser", "nromal"), ("orthogonal", "gain", "-1"),
  ])
  func wrongKeys(_ name: String, _ key: String, _ value: String) {
    let decoding = Decoding()
    #expect(Self.decode(name, [(key, .text(value))], decoding) == nil)
    let cause = decoding.faults.first?.cause ?? ""
    #expect(cause.contains(key) || cause.contains(value), "\(cause)")
  }
}

@Suite struct LayerSequentialUnitVarianceTests {
  @Test func outputsHaveUnitVariance() throws {
    let spec = NetworkSpec {
      Conv(6, initialiser: Orthogonal())
      ReLU()
      Conv(5, initialiser: Normal(0.001))
      ReLU()
      Flatten()
      Dense(7, initialiser: Normal(3))
    }
    let network = try spec.network(input: try Shape([4, 2, 6, 6]), .training)
    let parameters = try network.initialParameters(seed: 1)
    let batch = UnsafeMutableBufferPointer<Float>.allocate(capacity: 4 * 2 * 36)
    _ = batch.initialize(from: Pattern.numbers(4 * 2 * 36, seed: 1).map { Float($0 * 5) })
    defer { batch.deallocate() }
    let given = ["input": Operand(network.inputShape, batch)]
    let outcomes = try LayerSequentialUnitVariance(tolerance: 0.01).apply(to: parameters, of: network, given)
    #expect(outcomes.map(\.parameter) == ["0.weight", "2.weight", "5.weight"])
    #expect(outcomes.allSatisfy { abs($0.after - 1) < 0.01 })
    #expect(outcomes.contains { abs($0.before - 1) > 0.5 })
    // Checked on its own: the reference run of the whole network.
    var numbers: [String: [Float]] = ["input": Array(batch)]
    for declaration in network.parameters {
      numbers[declaration.name] = parameters[declaration.name].map { o in (0..<o.count).map { o[$0] } }
    }
    let output = try Interpreter<Float>(network.graph).run([network.output], numbers)[0]
    #expect(abs(InitialiserTests.moments(output.map(Double.init)).variance - 1) < 0.011)

    batch[3] = .infinity
    #expect(throws: ModelError.self) {
      try LayerSequentialUnitVariance().apply(to: parameters, of: network, given)
    }
    // Nothing to scale with: weights stay as they are.
    batch.update(repeating: 0)
    let still = try LayerSequentialUnitVariance().apply(to: parameters, of: network, given)
    #expect(still.allSatisfy { $0.after == 0 })
    #expect(throws: RunError.self) {
      try LayerSequentialUnitVariance().apply(to: parameters, of: network, [:])
    }
  }
}
