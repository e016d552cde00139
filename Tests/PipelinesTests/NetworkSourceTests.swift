import Basics
import Foundation
import Networks
import ONNX
import Pipelines
import Tensors
import TestSupport
import Testing

/// Networks by name and from files, for `isotach model summary`.
@Suite struct NetworkSourceTests {
  private func code(_ name: String, _ settings: [(name: String, value: String)] = [], input: [Int]? = nil)
    -> (code: Int32, text: String)
  {
    do throws(Faults) {
      let summary = try NetworkSource(name, settings: settings).summary(input: input)
      return (0, summary.text)
    } catch {
      return (error.code.rawValue, error.description)
    }
  }

  @Test func ofTheZoo() {
    #expect(code("unet", [("padding", "valid"), ("outputs", "2")]).text.contains("31,030,658"))
    #expect(code("sha-unet", [("widths", "[64, 96, 128, 160]")]).text.contains("1,811,431"))
    let unknown = code("unte")
    #expect(unknown.code == 64 && unknown.text.contains("did you mean `unet`"))
    let wrong = code("unet", [("depht", "3"), ("base", "many")])
    #expect(wrong.code == 78 && wrong.text.contains("depht") && wrong.text.contains("base"))
    let ragged = code("unet", input: [5, 60, 64])
    #expect(ragged.code == 78 && ragged.text.contains("divisible by 16"))
  }

  @Test func ofAModelFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("m.onnx")
    let spec = NetworkSpec(UNet(base: 4, depth: 2))
    let network = try spec.network(input: try Shape([1, 3, 16, 32]), .inference)
    let channel = ModelChannel(name: "x", units: "1")
    try ModelFile.write(
      TrainedModel(
        spec: spec, loss: MeanSquaredError(), domain: DomainPadding(columns: .periodic), patch: [16, 32],
        inputs: [channel, channel, channel], outputs: [channel],
        parameters: try network.initialParameters(seed: 1)), to: path)
    let shown = code(path)
    #expect(shown.code == 0 && shown.text.contains("[1 x 3 x 16 x 32]"), "\(shown.text)")
    #expect(shown.text.contains(NetworkSummary.grouped(network.parameterCount)))
    #expect(shown.text.contains("Pad"), "the domain goes on: \(shown.text)")
    #expect(code(path, input: [3, 15, 32]).code == 78)
    #expect(code(path, [("base", "8")]).code == 64)
    try Array("not a model".utf8).withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: path)) }
    #expect(code(path).code == 65)
    #expect(code(folder.path("ghost.onnx")).code == 66)
  }

  @Test func noSuchFile() { #expect(code("nowhere/net.yaml").code == 66) }
}
