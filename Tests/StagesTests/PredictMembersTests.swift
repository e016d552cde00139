import Basics
import Compute
import Foundation
import Grids
import Networks
import ONNX
import Stages
import Tensors
import TestSupport
import Testing

@Suite("members of a prediction") struct PredictMembersTests {
  private static let folder = try? TemporaryFolder()

  private func path(_ name: String, _ spec: NetworkSpec, _ loss: any Loss) throws -> String {
    let inputs = [
      ModelChannel(name: "tas", standardName: "air_temperature", units: "K", mean: 280, deviation: 12)
    ]
    let network = try spec.network(input: try Shape([1, 1, 16, 16]), .inference)
    let isRaw = loss.takesRawTargets
    let output = ModelChannel(name: "out", units: "K", mean: isRaw ? 0 : 280, deviation: isRaw ? 1 : 2)
    let model = TrainedModel(
      spec: spec, loss: loss, domain: .init(), patch: [16, 16], inputs: inputs, outputs: [output], base: nil,
      parameters: try network.initialParameters(seed: 11))
    let path = try #require(Self.folder).path(name + ".onnx")
    try ModelFile.write(model, to: path)
    return path
  }

  private var field: Field {
    Make.noise(
      Description(
        variables: [Make.variable("tas", "air_temperature", "K")], time: Make.days(2),
        grid: Make.regular((0..<16).map { 30 + Double($0) / 4 }, (0..<24).map { Double($0) / 4 })), 260...300)
  }

  /// A network whose outputs are all 0.5.
  private func constant(_ outputs: Int) -> NetworkSpec {
    NetworkSpec { Conv(outputs, kernel: 1, initialiser: Constant(0), biasInitialiser: Constant(0.5)) }
  }

  private func run(_ model: String, _ keys: [(String, Yaml)], cuts: Int = 4) throws -> Field {
    var values = ["model": Yaml.text(model).value()]
    for (key, value) in keys { values[key] = value.value() }
    return try Plan(Predict.self, values: values, [("input", "field", field)]).run(cuts: cuts)
  }

  @Test func drawsFromNormalDistributions() throws {
    let model = try path("normal", constant(2), GaussianLikelihood())
    let result = try run(model, [("members", 30), ("seed", 3)])
    #expect(result.description.layers.map(\.name) == ["member"] && result.description.layerCount == 30)
    let n = Double(result.numbers.count)
    let mean = result.numbers.reduce(0) { $0 + Double($1) } / n
    let deviation = (result.numbers.reduce(0) { $0 + pow(Double($1) - mean, 2) } / n).squareRoot()
    // In the network's numbers mean 0.5 and variance exp(0.5); 2 K to 1.
    #expect(abs(mean - 281) < 0.06 && abs(deviation - 2 * exp(0.25)) < 0.05, "\(mean) \(deviation)")
    // Another seed draws others, the same seed the same.
    #expect(try run(model, [("members", 30), ("seed", 3)], cuts: 0).numbers == result.numbers)
    #expect(try run(model, [("members", 30), ("seed", 4)], cuts: 0).numbers != result.numbers)
    // Without members the mean.
    #expect(try run(model, [], cuts: 0).numbers.allSatisfy { abs($0 - 281) < 1e-4 })
  }

  @Test func drawsRain() throws {
    let model = try path("rain", constant(3), BernoulliGamma())
    let result = try run(model, [("members", 30)], cuts: 2)
    let n = Double(result.numbers.count)
    let wet = Double(result.numbers.count { $0 > 0 }) / n
    let mean = result.numbers.reduce(0) { $0 + Double($1) } / n
    let chance = 1 / (1 + exp(-0.5))
    #expect(abs(wet - chance) < 0.015, "\(wet)")
    #expect(abs(mean - chance * exp(1)) < 0.08, "\(mean)")
    #expect(result.numbers.allSatisfy { $0 >= 0 })
  }

  @Test func dropoutStaysAtWork() throws {
    let spec = NetworkSpec {
      Conv(8)
      ReLU()
      SpatialDropout(0.5)
      Conv(1)
    }
    let model = try path("dropout", spec, MeanSquaredError())
    let result = try run(model, [("members", 5)])
    let cells = 16 * 24
    let members = (0..<5).map { Array(result.numbers[$0 * cells..<($0 + 1) * cells]) }
    #expect(Set(members).count == 5)
  }

  @Test func refusesMembersThatWouldBeTheSame() throws {
    let model = try path("plain", constant(1), MeanSquaredError())
    #expect(throws: PlanError.self) { try run(model, [("members", 5)], cuts: 0) }
    #expect(throws: PlanError.self) { try run(model, [("seed", 5)], cuts: 0) }
  }
}

@Suite("ensemble") struct EnsembleTests {
  @Test func joinsFieldsAsMembers() throws {
    let description = Description(
      variables: [Make.variable("tas", nil, "K")], time: Make.days(3), layers: [Make.pressures([850, 500])],
      grid: Make.globe(3, 4))
    let (a, b) = (Make.noise(description, 0...1, missing: 0.2), Make.noise(description, 0...1, seed: 8))
    let result = try Plan(Ensemble.self, [:], ["inputs": [("a", a), ("b", b)]]).run()
    #expect(result.description.layers.map(\.count) == [2, 2])
    for (t, l) in [(0, 0), (2, 1)] {
      for (member, field) in [a, b].enumerated() {
        let (found, expected) = (result[0, t, member * 2 + l, 1, 2], field[0, t, l, 1, 2])
        #expect(found == expected || found.isNaN && expected.isNaN)
      }
    }
    var other = b
    other.description.variables[0].units = "degC"
    #expect(
      fault { try Plan(Ensemble.self, [:], ["inputs": [("a", a), ("b", other)]]) }?.cause.contains(
        "other variables") == true)
  }
}
