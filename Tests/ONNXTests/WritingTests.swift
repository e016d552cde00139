import Basics
import Compute
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import ONNX

@Suite struct WritingTests {
  /// The network's output, computed as everywhere.
  static func outputs(_ network: Network, _ parameters: Parameters, _ input: [Float]) throws -> [Float] {
    let (graph, goals) = try optimised(network.graph, Goals(outputs: [("output", network.output)]))
    let program = try Program(
      try ProgramPlan(graph, goals, prepares: true, threads: 1), team: ThreadTeam(threads: 1))
    let tensor = try Tensor(uninitialized: network.inputShape)
    for (index, number) in input.enumerated() { unsafe tensor.storage[index] = number }
    guard case .input(let name) = network.graph.origin(network.input) else { return [] }
    return try unsafe program.run([name: Operand(tensor.shape, tensor.storage)], parameters: parameters) {
      outputs in
      guard let output = outputs["output"] else { return [] }
      return (0..<output.count).map { output[$0] }
    }
  }

  /// What is read computes what was written, has the same bytes of numbers, and is written as the same file.
  @Test(arguments: WrittenCase.all) func isReadAgain(_ example: WrittenCase) throws {
    let folder = try TemporaryFolder()
    let (path, second) = (folder.url("a.onnx").path, folder.url("b.onnx").path)
    let model = try example.model()
    let digest = try ModelFile.write(model, to: path)
    let read = try ModelFile.read(path)
    for entry in model.parameters.layout.entries {
      let found = try #require(read.parameters[entry.name], "\(entry.name)")
      #expect(found.shape == entry.shape)
      #expect(found.values.elementsEqual(model.parameters[entry].values) { $0.bitPattern == $1.bitPattern })
    }
    #expect(read.parameters.layout.entries.count == model.parameters.layout.entries.count)
    let shape = try example.shape
    let numbers = WrittenCase.numbers(shape.count)
    let (before, after) = (
      try model.definition.network(input: shape, .inference, domain: model.domain),
      try read.definition.network(input: shape, .inference, domain: read.domain)
    )
    #expect(after.outputShape == before.outputShape)
    expectClose(
      try Self.outputs(after, read.parameters, numbers), try Self.outputs(before, model.parameters, numbers),
      absolute: 1e-6, relative: 1e-6)
    // Written again: the same numbers and outputs, and from then on the same bytes.
    try ModelFile.write(read, to: second)
    let again = try ModelFile.read(second)
    let third = try again.definition.network(input: shape, .inference, domain: read.domain)
    expectClose(
      try Self.outputs(third, again.parameters, numbers), try Self.outputs(before, model.parameters, numbers),
      absolute: 1e-6, relative: 1e-6)
    for entry in model.parameters.layout.entries {
      let found = try #require(again.parameters[entry.name], "\(entry.name)")
      #expect(found.values.elementsEqual(model.parameters[entry].values) { $0.bitPattern == $1.bitPattern })
    }
    #expect(try ModelFile.write(model, to: second) == digest)
    // Extents.
    let port = try OnnxModel.read(path).inputs[0]
    let names = (port.extents ?? []).compactMap { if case .named(let name) = $0 { name } else { nil } }
    #expect(Set(names) == example.open)
  }

  /// ONNX's own checker, and ONNX Runtime; skipped where they are not installed.
  @Test func onnxRuntimeComputesTheSame() throws {
    guard let python = Peers.python,
      (try? Command.run([python, "-c", "import onnx, onnxruntime"], timeout: 60))?.exit == 0
    else { return print("the Python packages onnx and onnxruntime are not there: skipped") }
    let folder = try TemporaryFolder()
    for (index, example) in WrittenCase.all.enumerated() {
      let model = try example.model()
      try ModelFile.write(model, to: folder.url("\(index).onnx").path)
      var texts = ["\(example.title)"]
      for batch in 1...2 {
        let shape = try Shape([batch] + example.input)
        let numbers = WrittenCase.numbers(shape.count)
        let network = try model.definition.network(input: shape, .inference, domain: model.domain)
        let expected = try Self.outputs(network, model.parameters, numbers)
        texts.append(shape.extents.map(String.init).joined(separator: " "))
        texts.append(numbers.map { "\($0)" }.joined(separator: " "))
        texts.append(network.outputShape.extents.map(String.init).joined(separator: " "))
        texts.append(expected.map { "\($0)" }.joined(separator: " "))
      }
      try Data(texts.joined(separator: "\n").utf8).write(to: folder.url("\(index).txt"))
    }
    let script = PackageRoot.url("Tests/ONNXTests/peers/runtime.py").path
    let result = try Command.run([python, script, folder.url("").path], timeout: 300)
    #expect(result.exit == 0, "\(result.stdout)\(result.stderr)")
  }
}
