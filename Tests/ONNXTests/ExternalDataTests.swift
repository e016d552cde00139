import Networks
import Testing

@testable import ONNX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Numbers beside the model: only inside of its own folder, no links, only what is there.
@Suite struct ExternalDataTests {
  /// A model `y = x + w` with the numbers of w, 1 2 3, elsewhere.
  private func read(_ entries: [(String, String)], prepare: (String) throws -> Void) throws -> [Double] {
    let folder = FileManager.default.temporaryDirectory.path + "/onnx-external-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder + "/inner", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let numbers = [0, 1, 2, 3, 9].flatMap { (number: Float) in
      (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt32($0))) }
    }
    try Data(numbers).write(to: URL(fileURLWithPath: folder + "/inner/w.bin"))
    try prepare(folder)
    var model = TinyModel()
    model.input("x", ["3"])
    var tensor = Onnx_TensorProto()
    (tensor.name, tensor.dataType, tensor.dims, tensor.dataLocation) = ("w", 1, [3], .external)
    tensor.externalData = entries.map { key, value in
      var entry = Onnx_StringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      return entry
    }
    model.proto.graph.initializer = [tensor]
    model.node("Add", ["x", "w"], ["y"])
    model.output("y")
    let bytes: [UInt8] = try model.proto.serializedBytes()
    try Data(bytes).write(to: URL(fileURLWithPath: folder + "/model.onnx"))
    let graph = try OnnxModel.read(folder + "/model.onnx").graph()
    return try graph.run(["x": [10, 20, 30]])["y"] ?? []
  }

  @Test func isReadFromBelowTheModel() throws {
    let found = try read([("location", "inner/w.bin"), ("offset", "4"), ("length", "12")]) { _ in }
    #expect(found == [11, 22, 33])
  }

  @Test(
    arguments: [
      ([("location", "/etc/passwd")], "outside of the model's folder"),
      ([("location", "../w.bin")], "outside of the model's folder"),
      ([("location", "inner/../../w.bin")], "outside of the model's folder"),
      ([("location", "inner/missing.bin")], "cannot be opened"),
      ([("location", "link.bin")], "link is not followed"),
      ([("location", "linked/w.bin")], "cannot be opened"),
      ([("location", "inner")], "no regular file"),
      ([("location", "inner/w.bin"), ("offset", "12")], "lie outside"),
      ([("location", "inner/w.bin"), ("offset", "-4")], "the offset"),
      ([("location", "inner/w.bin"), ("offset", "9223372036854775807")], "lie outside"),
      ([("location", "inner/w.bin"), ("length", "8")], "it needs 12 bytes"),
      ([("offset", "4")], "which is not named"),
    ] as [([(String, String)], String)])
  func isRefused(_ entries: [(String, String)], _ text: String) throws {
    let error = #expect(throws: ModelError.self) {
      try read(entries) { folder in
        let files = FileManager.default
        try files.createSymbolicLink(atPath: folder + "/link.bin", withDestinationPath: "inner/w.bin")
        try files.createSymbolicLink(atPath: folder + "/linked", withDestinationPath: "inner")
      }
    }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    #expect(error?.subject == "initialiser `w`")
  }
}
