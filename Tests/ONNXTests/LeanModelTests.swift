import Networks
import SwiftProtobuf
import Tensors
import Testing

@testable import ONNX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Large numbers stay in the file until they are wanted.
@Suite struct LeanModelTests {
  private static let count = LeanModel.leastBytes / 4

  private static func bytes(_ factor: Float, count: Int = count) -> Data {
    var data = Data()
    for index in 0..<count {
      withUnsafeBytes(of: (factor * Float(index)).bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }
    return data
  }

  /// y = x * small + large, with `large` at the border of what is left in the file.
  private static func model(_ count: Int) -> TinyModel {
    var model = TinyModel()
    model.input("x", ["\(count)"])
    for (name, factor) in [("small", Float(0)), ("large", 2)] {
      var tensor = Onnx_TensorProto()
      (tensor.name, tensor.dataType) = (name, ElementType.float32.rawValue)
      tensor.dims = [name == "small" ? 1 : Int64(count)]
      tensor.rawData = bytes(factor, count: name == "small" ? 1 : count)
      model.proto.graph.initializer.append(tensor)
    }
    model.node("Mul", ["x", "small"], ["p"])
    model.node("Add", ["p", "large"], ["y"])
    model.output("y")
    return model
  }

  private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.path + "/lean-\(UUID().uuidString).onnx"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    try body(path)
  }

  @Test(arguments: [count - 1, count, 3 * count]) func numbersAreThoseOfTheFile(_ count: Int) throws {
    let proto = Self.model(count).proto
    try withFile(try proto.serializedBytes()) { path in
      let lean = try LeanModel(path)
      #expect(lean.stored.keys.sorted() == (count < Self.count ? [] : [1]))
      #expect(lean.proto.graph.initializer[1].rawData.isEmpty == (count >= Self.count))
      var whole = lean.proto
      whole.graph.initializer[1].rawData = proto.graph.initializer[1].rawData
      #expect(whole == proto)
      let x = (0..<count).map { Double($0) }
      let found = try OnnxModel.read(path).graph().run(["x": x])["y"]
      #expect(found == x.map { 2 * $0 })
    }
  }

  /// Of a field that stands there twice the last one counts, as in any reader of protobuf; graphs are joined.
  @Test(arguments: [true, false]) func fieldsMayStandThereTwice(_ isLargeLast: Bool) throws {
    func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
      var (result, rest) = ([number << 3 | 2], bytes.count)
      while rest >= 128 {
        result.append(UInt8(rest & 127) | 128)
        rest >>= 7
      }
      return result + [UInt8(rest)] + bytes
    }
    var model = Self.model(Self.count)
    let large = [UInt8](model.proto.graph.initializer[1].rawData)
    model.proto.graph.initializer[1].rawData = Data()
    let tensor: [UInt8] = try model.proto.graph.initializer[1].serializedBytes()
    model.proto.graph.initializer.removeLast()
    let both =
      isLargeLast ? field(9, [1, 2, 3, 4]) + field(9, large) : field(9, large) + field(9, [1, 2, 3, 4])
    let file: [UInt8] = try model.proto.serializedBytes()
    try withFile(file + field(7, field(5, tensor + both))) { path in
      let x = [Double](repeating: 1, count: Self.count)
      if isLargeLast {
        let found = try OnnxModel.read(path).graph().run(["x": x])["y"]
        #expect(found == (0..<Self.count).map { 2 * Double($0) })
      } else {
        let error = #expect(throws: ModelError.self) { try OnnxModel.read(path) }
        #expect(error?.description.contains("bytes, found 4") == true)
      }
    }
  }

  @Test func aFileThatChangesIsNoticed() throws {
    let bytes: [UInt8] = try Self.model(Self.count).proto.serializedBytes()
    try withFile(bytes) { path in
      let graph = try OnnxModel.read(path).graph()
      try Data(bytes.dropLast(8)).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: ModelError.self) { try graph.parameters() }
      #expect(error?.description.contains("has changed") == true)
    }
  }

  /// Cut off anywhere, a file is damaged and nothing worse.
  @Test func cutFilesAreDamaged() throws {
    let bytes: [UInt8] = try Self.model(Self.count).proto.serializedBytes()
    for length in [1, 7, 40, 90, 200, bytes.count / 2, bytes.count - 30, bytes.count - 1] {
      try withFile(Array(bytes.prefix(length))) { path in
        #expect(throws: ModelError.self) { try OnnxModel.read(path) }
      }
    }
  }
}
