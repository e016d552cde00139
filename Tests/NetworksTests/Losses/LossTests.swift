import Basics
import Compute
import Foundation
import Tensors
import Testing

@testable import Networks

/// Every loss against PyTorch's numbers and finite differences, in double and in float32.
@Suite struct LossTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let loss: String
    let keys: JSONSetting
    let kind: String
    let shape: [Int]
    let weights: [Int]?
    let scale: Double
    let times: Int
    let value: Double
    let gradient: [Double]
    var testDescription: String { name }

    var predictionShape: [Int] { [shape[0], shape[1] * times] + shape.dropFirst(2) }
    var prediction: [Double] {
      Pattern.numbers(predictionShape.reduce(1, *), seed: 1).map { $0 * scale }
    }

    /// As the peer script makes them.
    var target: [Double] {
      let count = shape.reduce(1, *)
      func index(_ number: Double, _ classes: Int) -> Int {
        min(max(Int(((number + 1) / 2 * Double(classes)).rounded(.down)), 0), classes - 1)
      }
      let numbers = Pattern.numbers(count, seed: 2)
      switch kind {
      case "real": return numbers.map { $0 * 2 }
      case "binary": return numbers.map { $0 > 0 ? 1 : 0 }
      case "share": return numbers.map { ($0 + 1) / 2 }
      case "boxes":
        let (channels, places) = (shape[1], shape.dropFirst(2).reduce(1, *))
        return numbers.enumerated().map { at, number in
          switch at / places % channels {
          case (channels - 2)...: (number + 1) * 3 + 0.5
          case (channels - 4)...: number / 2
          default: number > 0.6 ? 1 : 0
          }
        }
      case "rain": return numbers.map { max(0, $0 * 5) }
      case "onehot", "probabilities":
        let (batch, classes) = (shape[0], shape[1])
        let places = count / batch / classes
        let chosen = Pattern.numbers(batch * places, seed: 2).map { index($0, classes) }
        return (0..<count).map { at in
          let (b, c, p) = (at / (classes * places), at / places % classes, at % places)
          if kind == "onehot" { return chosen[b * places + p] == c ? 1 : 0 }
          let all = (0..<classes).map { Foundation.exp(2 * numbers[(b * classes + $0) * places + p]) }
          return all[c] / all.reduce(0, +)
        }
      default: return numbers.map { Double(index($0, Int(kind.dropFirst(3)) ?? 0)) }
      }
    }

    var weightNumbers: [Double]? {
      weights.map {
        Pattern.numbers($0.reduce(1, *), seed: 3).map { ($0 + 1) / 2 < 0.3 ? 0 : ($0 + 1) / 2 }
      }
    }

    var configuration: ConfigValue {
      guard case .object(let entries) = keys, !entries.isEmpty else { return .text(loss) }
      return .mapping([(loss, keys.configuration)])
    }
  }

  struct Built {
    var graph: Graph
    let loss: Value
    let gradient: Value
  }

  static func make(_ configuration: ConfigValue) throws -> any Loss {
    let decoding = Decoding()
    let made = decoding.loss(configuration)
    return try #require(made, "\(decoding.faults)")
  }

  static func build(_ loss: any Loss, _ prediction: [Int], _ target: [Int], _ weights: [Int]?) throws -> Built
  {
    var graph = Graph()
    let p = try graph.input("prediction", try Shape(prediction))
    let t = try graph.input("target", try Shape(target))
    let w = try weights.map { try graph.input("weights", try Shape($0)) }
    let value = try loss.build(p, t, weights: w, in: &graph)
    let gradient = try differentiate(value, by: [p], in: &graph)[0]
    return Built(graph: graph, loss: value, gradient: gradient)
  }

  @Test(arguments: try golden([Case].self, "losses.json"))
  func valueAndGradientAreThePeers(_ one: Case) throws {
    let loss = try Self.make(one.configuration)
    let built = try Self.build(loss, one.predictionShape, one.shape, one.weights)
    var given = ["prediction": one.prediction, "target": one.target]
    if let weights = one.weightNumbers { given["weights"] = weights }
    let interpreter = Interpreter<Double>(built.graph)
    let found = try interpreter.run([built.loss, built.gradient], given)
    let size = one.gradient.map(abs).max() ?? 0
    expectClose(found[0], [one.value], rtol: 1e-6, atol: 1e-12, "value")
    expectClose(found[1], one.gradient, rtol: 1e-6, atol: 1e-9 * size, "gradient")

    // Finite differences at some places that have no kink near.
    for index in Swift.stride(from: 0, to: one.prediction.count, by: max(1, one.prediction.count / 12)) {
      func value(_ change: Double) throws -> Double {
        var changed = given
        changed["prediction"]?[index] += change
        return try interpreter.run([built.loss], changed)[0][0]
      }
      let h = 1e-4
      let difference = (8 * (try value(h) - value(-h)) - (try value(2 * h) - value(-2 * h))) / (12 * h)
      #expect(
        abs(difference - found[1][index]) <= 1e-6 * max(size, 1e-3),
        "gradient[\(index)] is \(found[1][index]), finite difference \(difference)")
    }

    // As training computes it.
    let program = try Program(
      try ProgramPlan(
        built.graph, outputs: [("loss", built.loss), ("gradient", built.gradient)], threads: 1),
      team: ThreadTeam(threads: 1))
    let numbers = try Self.run(program, given, built.graph)
    expectClose(numbers[0], [one.value], rtol: 1e-5, atol: 1e-7, "value, float32")
    expectClose(numbers[1], one.gradient, rtol: 1e-4, atol: 1e-5 * size, "gradient, float32")

    // What it says of itself makes it again.
    let again = try Self.make(loss.configuration)
    #expect(again.configuration.json.text == loss.configuration.json.text)
    #expect(loss.channelsPerVariable == one.times)
  }

  static func run(_ program: Program, _ given: [String: [Double]], _ graph: Graph) throws -> [[Double]] {
    var buffers: [UnsafeMutableBufferPointer<Float>] = []
    defer { for buffer in buffers { buffer.deallocate() } }
    var inputs: [String: Operand<Float>] = [:]
    for value in graph.values {
      guard case .input(let name) = graph.origin(value), let numbers = given[name] else { continue }
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: numbers.count)
      _ = buffer.initialize(from: numbers.map { Float($0) })
      buffers.append(buffer)
      inputs[name] = Operand(graph.shape(value), buffer)
    }
    return try program.run(inputs, parameters: try Parameters(try ParameterLayout([]))) { outputs in
      ["loss", "gradient"].map { name in
        outputs[name].map { o in (0..<o.count).map { Double(o[$0]) } } ?? []
      }
    }
  }

  @Test func everyLossHasAPeer() throws {
    let tested = Set(try golden([Case].self, "losses.json").map(\.loss))
    #expect(Set(allLosses.map { $0.declaration.name }) == tested)
  }

  /// What is masked may hold any number.
  @Test(arguments: try golden([Case].self, "losses.json").filter { $0.weights == [2, 1, 2, 3] })
  func whatIsMaskedDoesNotMatter(_ one: Case) throws {
    let built = try Self.build(
      try Self.make(one.configuration), one.predictionShape, one.shape, one.weights)
    let weights = try #require(one.weightNumbers)
    var target = one.target
    var prediction = one.prediction
    let masked = weights.indices.filter { weights[$0] == 0 }
    #expect(!masked.isEmpty)
    func disturb(_ numbers: inout [Double], _ channels: Int, by number: Double) {
      for place in masked {
        for channel in 0..<channels { numbers[(place / 6 * channels + channel) * 6 + place % 6] = number }
      }
    }
    disturb(&target, one.shape[1], by: -9)
    disturb(&prediction, one.predictionShape[1], by: 40)
    let given = ["prediction": prediction, "target": target, "weights": weights]
    let found = try Interpreter<Double>(built.graph).run([built.loss, built.gradient], given)
    let size = one.gradient.map(abs).max() ?? 0
    expectClose(found[0], [one.value], rtol: 1e-9, atol: 1e-12, "value")
    expectClose(found[1], one.gradient, rtol: 1e-6, atol: 1e-9 * size, "gradient")
    for place in masked {
      for channel in 0..<one.predictionShape[1] {
        #expect(found[1][(place / 6 * one.predictionShape[1] + channel) * 6 + place % 6] == 0)
      }
    }
    // Nothing counts at all: no loss, no gradient.
    let nothing = try Interpreter<Double>(built.graph).run(
      [built.loss, built.gradient],
      ["prediction": prediction, "target": target, "weights": weights.map { _ in 0 }])
    #expect(nothing[0][0].isFinite)
    #expect(nothing[1].allSatisfy { $0 == 0 })
  }

  /// Logits of any size, in float32.
  @Test(arguments: [
    "bce", "cross-entropy", "focal", "dice", "jaccard", "tversky", "kl-divergence", "hinge", "log-cosh",
    "gaussian-nll", "bernoulli-gamma",
  ])
  func largeOutputsStayFinite(_ name: String) throws {
    let loss = try Self.make(.text(name))
    let times = loss.channelsPerVariable
    let built = try Self.build(loss, [1, 2 * times, 4], [1, 2, 4], nil)
    for size in [90.0, 1e4] {
      let prediction = (0..<8 * times).map { ($0 + $0 / 8) % 2 == 0 ? size : -size }
      let target = (0..<8).map { [0.0, 1, 1, 0][$0 % 4] }
      let program = try Program(
        try ProgramPlan(
          built.graph, outputs: [("loss", built.loss), ("gradient", built.gradient)], threads: 1),
        team: ThreadTeam(threads: 1))
      let found = try Self.run(program, ["prediction": prediction, "target": target], built.graph)
      let areFinite = found.joined().allSatisfy { $0.isFinite }
      #expect(areFinite, "\(name), outputs of \(size): \(found)")
    }
  }

  @Test func numbersThatAreNoClassAreNotPassedOver() throws {
    let built = try Self.build(
      CrossEntropy(classes: 3, ignore: -1), [1, 3, 2, 2], [1, 1, 2, 2], [1, 1, 2, 2])
    let prediction = Pattern.numbers(12, seed: 1)
    for (target, weights, isKnown) in [
      ([0.0, 1, 2, -1], [1.0, 1, 1, 1], true), ([0, 1, 3, -1], [1, 1, 1, 1], false),
      ([0, 1, 0.5, -1], [1, 1, 1, 1], false), ([0, 1, 3, -1], [1, 1, 0, 1], true),
    ] {
      let found = try Interpreter<Double>(built.graph).run(
        [built.loss], ["prediction": prediction, "target": target, "weights": weights])[0][0]
      #expect(found.isNaN != isKnown, "\(target), weights \(weights): \(found)")
    }
  }

  @Test func expectations() throws {
    func expectation(_ loss: any Loss, _ shape: [Int], _ numbers: [Double]) throws -> [Double] {
      var graph = Graph()
      let p = try graph.input("p", try Shape(shape))
      let value = try loss.expectation(p, in: &graph)
      return try Interpreter<Double>(graph).run([value], ["p": numbers])[0]
    }
    let third = Foundation.log(2.0)
    expectClose(
      try expectation(BinaryCrossEntropy(), [1, 1, 2], [0, third]), [0.5, 2.0 / 3], rtol: 1e-12, atol: 0, "")
    expectClose(
      try expectation(CrossEntropy(), [1, 2, 1], [0, third]), [1.0 / 3, 2.0 / 3], rtol: 1e-12, atol: 0, "")
    // [class, variable]: classes of variable 0 are channels 0 and 2.
    expectClose(
      try expectation(CrossEntropy(classes: 2), [1, 4, 1], [0, third, third, 0]),
      [1.0 / 3, 2.0 / 3, 2.0 / 3, 1.0 / 3], rtol: 1e-12, atol: 0, "")
    #expect(try expectation(GaussianLikelihood(), [1, 4, 1], [1, 2, 3, 4]) == [1, 2])
    expectClose(
      try expectation(BernoulliGamma(), [1, 3, 1], [0, third, Foundation.log(3.0)]), [3], rtol: 1e-12,
      atol: 0, "")
    #expect(try expectation(MeanSquaredError(), [1, 2], [1, 2]) == [1, 2])
  }

  @Test func shapesThatDoNotFit() throws {
    #expect(throws: GraphError.self) { try Self.build(MeanSquaredError(), [2, 3, 4], [2, 1, 4], nil) }
    #expect(throws: GraphError.self) {
      try Self.build(MeanSquaredError(), [2, 3, 4], [2, 3, 4], [3, 3, 4])
    }
    #expect(throws: GraphError.self) {
      try Self.build(MeanSquaredError(), [1, 3, 4], [1, 3, 4], [2, 3, 4])
    }
    #expect(throws: GraphError.self) { try Self.build(GaussianLikelihood(), [2, 3, 4], [2, 3, 4], nil) }
    #expect(throws: GraphError.self) { try Self.build(BernoulliGamma(), [4], [4], nil) }
    #expect(throws: GraphError.self) { try Self.build(CrossEntropy(classes: 3), [2, 4, 5], [2, 1, 5], nil) }
    #expect(throws: GraphError.self) {
      try Self.build(CrossEntropy(weights: [1, 2]), [2, 3, 5], [2, 3, 5], nil)
    }
    #expect(throws: GraphError.self) {
      try Self.build(BinaryCrossEntropy(positiveWeights: [1, 2]), [2, 3], [2, 3], nil)
    }
  }

  @Test(arguments: [
    ("huber", "delta", "0"), ("cross-entropy", "classes", "1"), ("cross-entropy", "ignore", "3"),
    ("focal", "gamma", "0.5"), ("focal", "alpha", "some"), ("gaussian-nll", "variance", "exp"),
    ("bce", "smoothing", "1"), ("bernoulli-gamma", "wet-threshold", "-1"), ("tversky", "alpha", "-1"),
    ("bce", "weights", "-1"),
  ])
  func keysThatAreWrong(_ name: String, _ key: String, _ value: String) {
    let decoding = Decoding()
    #expect(decoding.loss(.mapping([(name, .mapping([(key, .text(value))]))])) == nil)
    #expect(decoding.faults.first?.cause.contains(key) == true)
  }
}
