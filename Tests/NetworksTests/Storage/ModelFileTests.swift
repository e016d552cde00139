import Basics
import Compute
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

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
    let (path, second) = (folder.url("m.safetensors").path, folder.url("n.safetensors").path)
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
    let url = folder.url("m.safetensors")
    try ModelFile.write(try Self.model(), to: url.path)
    let file = try SafeTensorsFile.open(url.path)
    var writer = SafeTensorsWriter()
    var isChanged = false
    for (key, text) in file.header.metadata {
      let changed = text.replacingOccurrences(of: part, with: other)
        .replacingOccurrences(of: part.replacingOccurrences(of: "{", with: ""), with: other)
      isChanged = isChanged || changed != text
      writer.set(key, changed)
    }
    try writer.write(to: url.path)
    let error = #expect(throws: ModelError.self) { try ModelFile.read(url.path) }
    #expect(isChanged, "\(part) is not in the file")
    #expect(error?.path == url.path)
  }

  @Test func foreignFile() throws {
    let path = PackageRoot.url("Tests/NetworksTests/peers/golden.safetensors").path
    #expect(throws: ModelError.self) { try ModelFile.read(path) }
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
