import Basics
import Compute
import Foundation
import Grids
import Networks
import Stages
import Tensors
import TestSupport
import Testing

@testable import ONNX

/// Model files that other programs made, and data that do not fit.
@Suite("predict: files") struct PredictFilesTests {
  private static let folder = try? TemporaryFolder()

  private static let region = Make.regular(
    (0..<24).map { 30 + Double($0) / 4 }, (0..<40).map { Double($0) / 4 })

  private func field(_ grid: Grid = region) -> Field {
    Make.noise(
      Description(variables: [Make.variable("tas", "air_temperature", "K")], time: Make.days(2), grid: grid),
      260...300)
  }

  private func model() throws -> TrainedModel {
    let spec = NetworkSpec {
      Conv(4, kernel: 3)
      ReLU()
      Conv(1, kernel: 3)
    }
    let network = try spec.network(input: try Shape([1, 1, 16, 16]), .inference)
    return TrainedModel(
      spec: spec, loss: MeanSquaredError(), patch: [16, 16],
      inputs: [
        ModelChannel(name: "tas", standardName: "air_temperature", units: "K", mean: 280, deviation: 12)
      ],
      outputs: [
        ModelChannel(name: "tas", standardName: "air_temperature", units: "K", mean: 280, deviation: 2)
      ],
      spacing: CellSpacing(rows: 0.25, columns: 0.25, units: "degrees"),
      parameters: try network.initialParameters(seed: 3))
  }

  /// - Parameter change: what is changed in the file.
  private func path(
    _ name: String, normalisation: ModelMetadata.Normalisation = .metadata,
    _ change: (inout Onnx_ModelProto) -> Void = { _ in }
  ) throws -> String {
    let path = try #require(Self.folder).path(name + ".onnx")
    try ModelFile.write(try model(), to: path, normalisation: normalisation)
    var proto = try OnnxFile.model(path)
    change(&proto)
    let bytes: [UInt8] = try proto.serializedBytes()
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func plan(_ path: String, _ keys: KeyValuePairs<String, Yaml> = [:], on field: Field? = nil) throws
    -> Plan
  {
    var values: [String: ConfigValue] = ["model": Yaml.text(path).value()]
    for (key, value) in keys { values[key] = value.value() }
    return try Plan(Predict.self, values: values, [("input", "field", field ?? self.field())])
  }

  @Test func whatTheFileLacksIsGiven() throws {
    let expected = try plan(try path("own")).run(cuts: 0)
    let foreign = try path("foreign") { $0.metadataProps = [] }
    let error = fault { try plan(foreign) }
    #expect(error?.remedy?.contains("`inputs` and `outputs`") == true, "\(String(describing: error))")
    func channel(_ deviation: Double, units: String = "K", mean: Double = 280) -> Yaml {
      [
        "name": "tas", "standard-name": "air_temperature", "units": .text(units), "mean": .plain("\(mean)"),
        "deviation": .plain("\(deviation)"),
      ]
    }
    let given = try plan(foreign, ["inputs": [channel(12)], "outputs": [channel(2)]]).run(cuts: 2)
    #expect(given.numbers.map(\.bitPattern) == expected.numbers.map(\.bitPattern))
    // Kelvin go in where the network knows degrees Celsius.
    let celsius = try plan(
      foreign, ["inputs": [channel(12, units: "degC", mean: 280 - 273.15)], "outputs": [channel(2)]]
    ).run(cuts: 0)
    expectClose(celsius.numbers, expected.numbers.map(Double.init), absolute: 1e-3)
    let percent = fault {
      try plan(foreign, ["inputs": [channel(12, units: "%")], "outputs": [channel(2)]])
    }
    #expect(percent?.cause.contains("the model was trained with %") == true)
    let two = fault { try plan(foreign, ["inputs": [channel(12)], "outputs": [channel(2), channel(2)]]) }
    #expect(two != nil)
    let other = fault { try plan(try path("own"), ["inputs": [channel(13)]]) }
    #expect(other?.cause.contains("says something else") == true, "\(String(describing: other))")
  }

  @Test func aFileBoundToOneSizeIsAppliedInWindows() throws {
    let expected = try plan(try path("open")).run(cuts: 0)
    let bound = try path("bound") { proto in
      for (place, extent) in [1, 1, 16, 16].enumerated() {
        proto.graph.input[0].type.tensorType.shape.dim[place].dimValue = Int64(extent)
      }
    }
    let found = try plan(bound).run(cuts: 4)
    expectClose(found.numbers, expected.numbers.map(Double.init), absolute: 1e-4)
    let tile = fault { try plan(bound, ["tile": 8]) }
    #expect(tile?.cause.contains("bound to 16 x 16 cells") == true, "\(String(describing: tile))")
    let small = Make.regular((0..<8).map { 30 + Double($0) / 4 }, (0..<40).map { Double($0) / 4 })
    let error = fault { try plan(bound, on: field(small)) }
    #expect(error?.cause.contains("is not made of such parts") == true, "\(String(describing: error))")
  }

  @Test func normalisationInTheGraph() throws {
    let expected = try plan(try path("beside")).run(cuts: 0)
    let found = try plan(try path("inside", normalisation: .graph)).run(cuts: 2)
    expectClose(found.numbers, expected.numbers.map(Double.init), relative: 1e-5)
  }

  @Test func cellsOfAnotherSizeAreRefused() throws {
    let coarse = field(Make.regular((0..<24).map { 30 + Double($0) }, (0..<40).map { Double($0) }))
    let path = try path("spacing")
    let error = fault { try plan(path, on: coarse) }
    #expect(
      error?.cause
        == "the model was trained on cells of 0.25 x 0.25 degrees, `field` has cells of 1 x 1 degrees",
      "\(String(describing: error))")
    _ = try plan(path, ["spacing": "any"], on: coarse)
    let near = field(Make.regular((0..<24).map { 30 + Double($0) * 0.251 }, (0..<40).map { Double($0) / 4 }))
    _ = try plan(path, on: near)
  }

  @Test func standardisedFieldsAreRefused() throws {
    var done = field()
    done.description.variables[0].longName = "standardised temperature"
    let path = try path("standardised")
    let error = fault { try plan(path, on: done) }
    #expect(error?.cause.contains("is standardised already") == true, "\(String(describing: error))")
  }
}
