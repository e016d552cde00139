import Foundation
import Networks
import TestSupport
import Testing

/// Damaged files: each is refused with a text that names what is wrong, none traps.
@Suite struct SafeTensorsFaultTests {
  static func file(_ json: String, data: Int) -> [UInt8] {
    let header = Array(json.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
      + [UInt8](repeating: 0, count: data)
  }

  static func open(_ bytes: [UInt8]) throws -> SafeTensorsFile {
    let folder = try TemporaryFolder()
    let url = folder.url("x.safetensors")
    try Data(bytes).write(to: url)
    return try SafeTensorsFile.open(url.path)
  }

  static let cases: [(String, Int, String)] = [
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      8,
      "overlaps"
    ),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12, "belong to no tensor"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12, "after the last tensor"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "the file ends before it does"),
    (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "expected 12 bytes, found 8"),
    (#"{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}"#, 8, "found C64"),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "found -2"),
    (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}"#, 8, "found 1.5"),
    (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, 8, "63 bits"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}"#, 8, "data_offsets"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#, 8,
      "found 9223372036854775807"
    ),
    (#"{"a":{"dtype":"F32","shape":[2]}}"#, 8, "found nothing"),
    (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, 8, "no dtype"),
    (#"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#, 8, "no shape"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}"#, 8, "unknown key more"),
    (#"{"a":[1]}"#, 8, "found a list"),
    (#"{"__metadata__":{"a":1}}"#, 0, "expected a text, found an integer"),
    (#"{"__metadata__":7}"#, 0, "expected an object"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      8,
      "second time"
    ),
    (#"{"a":1"#, 8, "not JSON"), (#"  {}"#, 8, "not JSON"), ("[1, 2, 3]", 8, "not JSON"),
  ]

  @Test(arguments: cases.indices) func wrong(_ index: Int) throws {
    let (json, data, expected) = Self.cases[index]
    let error = #expect(throws: ModelError.self) { try Self.open(Self.file(json, data: data)) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "") lacks \(expected)")
  }

  @Test(
    arguments: [
      [], [1, 2, 3], [UInt8](repeating: 0xFF, count: 64), [2, 0, 0, 0, 0, 0, 0, 0x80, 0x7B, 0x7D, 0, 0],
      [200, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D],
    ] as [[UInt8]]) func wrongLength(_ bytes: [UInt8])
  {
    #expect(throws: ModelError.self) { try Self.open(bytes) }
  }

  @Test func noFile() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: ModelError.self) { try SafeTensorsFile.open(folder.url("none").path) }
    #expect(error?.kind == .missing)
    #expect(throws: ModelError.self) { try SafeTensorsFile.open(folder.url("").path) }
    #expect(throws: ModelError.self) { try SafeTensorsFile.open("/dev/zero") }
  }

  /// Every prefix is refused; any changed byte of the header is refused or gives a file that can be read.
  @Test func damage() throws {
    let bytes = try SafeTensorsTests.sample().bytes
    let folder = try TemporaryFolder()
    let url = folder.url("x.safetensors")
    for count in stride(from: 0, to: bytes.count, by: 5) {
      try Data(bytes.prefix(count)).write(to: url)
      #expect(throws: ModelError.self) { try SafeTensorsFile.open(url.path) }
    }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<400 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        damaged[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      try Data(damaged).write(to: url)
      guard let file = try? SafeTensorsFile.open(url.path) else { continue }
      for tensor in file.tensors { _ = try file.floats(tensor.name) }
    }
  }

  /// `inspect` tells all that is wrong at once.
  @Test func allProblems() throws {
    let folder = try TemporaryFolder()
    let url = folder.url("x.safetensors")
    let json =
      #"{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#
    try Data(Self.file(json, data: 8)).write(to: url)
    #expect(try SafeTensorsFile.inspect(url.path).header.problems.map(\.subject) == ["a", "b"])
  }
}
