import Basics
import Compute
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import ONNX

@Suite struct ModelFileTests {
  static func model() throws -> TrainedModel {
    let spec = NetworkSpec { ReLU() }
    let network = try spec.network(input: try Shape([1, 1, 4, 6]), .inference)
    return TrainedModel(
      spec: spec, loss: MeanSquaredError(), domain: DomainPadding(rows: .replicate, columns: .periodic),
      patch: [4, 6],
      inputs: [
        ModelChannel(
          name: "ta", standardName: "air_temperature", longName: "T", units: "K", cellMethods: "time: mean",
          layer: "air_pressure = 50000 Pa", transform: .none, mean: 273.15, deviation: 0.1)
      ],
      outputs: [ModelChannel(name: "pr", units: "mm", transform: .log1p, mean: 0.3, deviation: 1.7)],
      base: [ModelChannel(name: "pr_coarse")], halo: [3, 3], scaleFactor: 4,
      spacing: CellSpacing(rows: 0.11, columns: 0.22, units: "degrees"), classes: ["dry", "wet"],
      provenance: ["seed": "7", "text": "ä \"x\""], parameters: try network.initialParameters(seed: 1))
  }

  @Test func whatIsWrittenIsRead() throws {
    let folder = try TemporaryFolder()
    let (path, second) = (folder.url("m.onnx").path, folder.url("n.onnx").path)
    let model = try Self.model()
    let digest = try ModelFile.write(model, to: path)
    let read = try ModelFile.read(path)
    #expect(read.inputs == model.inputs && read.outputs == model.outputs && read.base == model.base)
    #expect(
      read.domain == model.domain && read.patch == [4, 6] && read.halo == [3, 3] && read.scaleFactor == 4)
    #expect(read.spacing == model.spacing)
    #expect(read.classes == model.classes && read.provenance == model.provenance)
    #expect(read.declaration?.configuration.json.text == model.declaration?.configuration.json.text)
    #expect(try ModelFile.write(read, to: second) == digest)
  }

  @Test(arguments: [
    (#""deviation": 1.7"#, #""deviation": 0.0"#), (#""log1p""#, #""log2p""#), (#"{"mse""#, #"{"mze""#),
    ("[4, 6]", "[0, 6]"), (#""periodic""#, #""periodik""#),
    (#""mean": 0.3"#, #""mean": "x"#),
    (#"["relu"]"#, #"["rulu"]"#), ("isotach.model/2", "isotach.model/9"),
  ])
  func wrong(_ part: String, _ other: String) throws {
    let folder = try TemporaryFolder()
    let url = folder.url("m.onnx")
    try ModelFile.write(try Self.model(), to: url.path)
    var proto = try OnnxFile.model(url.path)
    var isChanged = false
    for index in proto.metadataProps.indices {
      let text = proto.metadataProps[index].value
      let changed = text.replacingOccurrences(of: part, with: other)
        .replacingOccurrences(of: part.replacingOccurrences(of: "{", with: ""), with: other)
      isChanged = isChanged || changed != text
      proto.metadataProps[index].value = changed
    }
    try Data(try proto.serializedBytes() as [UInt8]).write(to: url)
    let error = #expect(throws: ModelError.self) { try ModelFile.read(url.path) }
    #expect(isChanged, "\(part) is not in the file")
    #expect(error?.path == url.path)
  }

  @Test func whatIsNoModel() throws {
    let path = PackageRoot.url("Tests/NetworksTests/peers/golden.safetensors").path
    #expect(throws: ModelError.self) { try ModelFile.read(path) }
  }

  /// A file of another program says nothing of the data; what it lacks can be added, what it says cannot be changed.
  @Test func whatAFileLacks() throws {
    let folder = try TemporaryFolder()
    let path = folder.url("m.onnx").path
    let model = try Self.model()
    try ModelFile.write(model, to: path)
    var proto = try OnnxFile.model(path)
    proto.metadataProps = []
    let foreign = folder.url("f.onnx")
    try Data(try proto.serializedBytes() as [UInt8]).write(to: foreign)
    let error = #expect(throws: ModelError.self) { try ModelFile.read(foreign.path) }
    #expect(error?.remedy == "give `inputs` and `outputs`")
    var more = ModelMetadata()
    (more.inputs, more.outputs) = (model.inputs, model.outputs)
    let stored = try ModelFile.open(foreign.path)
    let trained = try stored.adding(more).trained()
    #expect(trained.inputs == model.inputs && trained.outputs == model.outputs && trained.base == nil)
    more.inputs?[0].mean = 1
    #expect(throws: ModelError.self) { try ModelFile.open(path).adding(more) }
  }

  /// Values go in and out of the graph itself, as they do with the normalisation beside it.
  @Test(arguments: [ModelChannel.Transform.none, .log1p, .sqrt])
  func normalisationInTheGraph(_ transform: ModelChannel.Transform) throws {
    let folder = try TemporaryFolder()
    let path = folder.url("m.onnx").path
    let example = WrittenCase(#"[{"conv": {"filters": 2}}]"#, [3, 5, 6])
    var model = try example.model()
    model.inputs[0].mean = 270
    model.inputs[0].deviation = 12
    (model.inputs[1].transform, model.inputs[1].mean) = (transform, 0.5)
    (model.outputs[1].transform, model.outputs[1].mean, model.outputs[1].deviation) = (transform, 1, 0.5)
    try ModelFile.write(model, to: path, normalisation: .graph)
    let read = try ModelFile.read(path)
    #expect(read.inputs[0].mean == 0 && read.inputs[0].filler == 270 && read.outputs[1].transform == .none)
    let shape = try example.shape
    let values = WrittenCase.numbers(shape.count).enumerated().map { index, number in
      index < 30 ? 270 + 20 * number : 1 + number
    }
    let encoded = values.enumerated().map { Float(model.inputs[$0 / 30].encode(Double($1))) }
    let plain = try WritingTests.outputs(
      try model.definition.network(input: shape, .inference, domain: .init()), model.parameters, encoded)
    let expected = plain.enumerated().map { model.outputs[$0 / 30].decode(Double($1)) }
    let found = try WritingTests.outputs(
      try read.definition.network(input: shape, .inference, domain: .init()), read.parameters, values)
    expectClose(found, expected, absolute: 2e-5, relative: 1e-5)
    model.base = [ModelChannel(name: "a"), ModelChannel(name: "b")]
    if transform == .none {
      try ModelFile.write(model, to: path, normalisation: .graph)
    } else {
      #expect(throws: FileError.self) { try ModelFile.write(model, to: path, normalisation: .graph) }
    }
  }

  @Test(arguments: ModelChannel.Transform.allCases) func decodeUndoesEncode(
    _ transform: ModelChannel.Transform
  ) {
    let channel = ModelChannel(name: "x", transform: transform, mean: 0.4, deviation: 2.5)
    for value in [0, 0.1, 3, 250.0] {
      #expect(abs(channel.decode(channel.encode(value)) - value) < 1e-12 * max(1, value))
      #expect(abs(channel.decode(channel.encode(value, base: 2), base: 2) - value) < 1e-12 * max(1, value))
    }
  }
}
