import Basics
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@Suite struct SafeTensorsTests {
  static let golden = PackageRoot.url("Tests/NetworksTests/peers/golden.safetensors").path

  /// Written by the format's own library (peers/safetensors_golden.py).
  @Test func readsWhatPythonWrote() throws {
    let file = try SafeTensorsFile.open(Self.golden)
    #expect(file.metadata("ä") == "text \"quoted\"")
    #expect(file.metadata("json") == #"{"a": [1, 2]}"#)
    #expect(file.tensors.count == 8)
    let weight = try file.floats("weight", extents: [2, 3])
    #expect(Array(weight[0..<3]) == [0, -1.5, 3.25] && weight[3].isNaN && weight[4] == .infinity)
    #expect(weight[5].bitPattern == 1)
    let wide = try file.doubles("wide")
    #expect(wide[0] == .pi && wide[1] == 0 && wide[1].sign == .minus)
    #expect(try file.floats("half") == [1, -2, 65504, 0x1p-24, .infinity, 0x1.55p-2])
    #expect(try file.floats("brain") == [1, -2, .infinity, Float(bitPattern: 0x0001_0000)])
    #expect(try file.integers("whole") == [.min, .max])
    #expect(try file.bytes("bytes") == [0, 1, 2, 3, 4])
    #expect(try file.floats("scalar", extents: []) == [7])
    #expect(try file.floats("none", extents: [0, 3]) == [])
    let tensor = try file.tensor("weight")
    #expect(tensor.shape.extents == [2, 3] && tensor.span[2] == 3.25)
  }

  static func sample() throws -> SafeTensorsWriter {
    var writer = SafeTensorsWriter()
    writer.set("note", "a \"note\"\n")
    writer.set("b", "2")
    try writer.add("layer.weight", [2, 2], .float32([1, 2, 3, .nan]))
    try writer.add("history", [3], .float64([0.1, 0.2, -.infinity]))
    try writer.add("cursor", [], .int64([-5]))
    try writer.add("digest", [3], .uint8([1, 2, 3]))
    return writer
  }

  @Test func whatIsWrittenIsRead() throws {
    let folder = try TemporaryFolder()
    let path = folder.url("m.safetensors").path
    let digest = try Self.sample().write(to: path)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(bytes == (try Self.sample().bytes))
    #expect(digest == SHA256.hexDigest(of: bytes))
    let file = try SafeTensorsFile.open(path)
    #expect(file.header.dataOffset % 8 == 0)
    #expect(file.metadata("note") == "a \"note\"\n")
    #expect(try file.floats("layer.weight", extents: [2, 2])[3].isNaN)
    #expect(try file.doubles("history") == [0.1, 0.2, -.infinity])
    #expect(try file.integers("cursor") == [-5])
    #expect(try file.bytes("digest") == [1, 2, 3])
    #expect(throws: ModelError.self) { try file.floats("layer.weight", extents: [4]) }
    #expect(throws: ModelError.self) { try file.floats("other") }
    #expect(throws: ModelError.self) { try file.integers("history") }
  }

  /// The order in which things are added says nothing.
  @Test func sameContentSameBytes() throws {
    var other = SafeTensorsWriter()
    try other.add("digest", [3], .uint8([1, 2, 3]))
    try other.add("cursor", [], .int64([-5]))
    other.set("b", "2")
    try other.add("history", [3], .float64([0.1, 0.2, -.infinity]))
    try other.add("layer.weight", [2, 2], .float32([1, 2, 3, .nan]))
    other.set("note", "a \"note\"\n")
    #expect(other.bytes == (try Self.sample().bytes))
  }

  @Test func whatCannotBeAdded() throws {
    var writer = try Self.sample()
    #expect(throws: ModelError.self) { try writer.add("cursor", [], .int64([1])) }
    #expect(throws: ModelError.self) { try writer.add("x", [2], .float32([1])) }
    #expect(throws: ModelError.self) { try writer.add("x", [-1], .float32([])) }
    #expect(throws: ModelError.self) { try writer.add("x", [.max, .max], .float32([])) }
    #expect(throws: ModelError.self) { try writer.add("__metadata__", [0], .float32([])) }
  }

  /// The format's own library must read it; skipped where it is not installed.
  @Test func pythonReadsWhatWeWrite() throws {
    guard let python = Peers.python,
      (try? Command.run([python, "-c", "import safetensors.numpy"], timeout: 60))?.exit == 0
    else { return print("the Python package safetensors is not there: skipped") }
    let folder = try TemporaryFolder()
    let path = folder.url("m.safetensors").path
    try Self.sample().write(to: path)
    let text = try Peers.run(
      """
      import sys
      from safetensors import safe_open
      with safe_open(sys.argv[1], "np") as f:
          print(sorted(f.keys()), f.metadata()["note"].strip(), f.get_tensor("history").tolist(),
                f.get_tensor("cursor").tolist(), f.get_tensor("layer.weight").tolist())
      """, [path])
    #expect(
      text.trimmingCharacters(in: .newlines)
        == "['cursor', 'digest', 'history', 'layer.weight'] a \"note\" [0.1, 0.2, -inf] -5 [[1.0, 2.0], [3.0, nan]]"
    )
  }

  @Test func nothingIsLeftWhenItCannotBeWritten() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(at: folder.url("there"), withIntermediateDirectories: true)
    #expect(throws: FileError.self) { try Self.sample().write(to: folder.url("there").path) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url("there").path) == [])
  }
}
