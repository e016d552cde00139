import Networks
import Tensors

@testable import ONNX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A model in few words, for tests.
struct TinyModel {
  var proto = Onnx_ModelProto()

  init(opset: Int64 = 17) {
    proto.irVersion = 8
    var version = Onnx_OperatorSetIdProto()
    version.version = opset
    proto.opsetImport = [version]
    proto.graph.name = "test"
  }

  /// - Parameter extents: numbers, names, or "?" for an open one.
  mutating func input(_ name: String, _ extents: [String], _ type: ElementType = .float32) {
    proto.graph.input.append(Self.info(name, extents, type))
  }
  mutating func output(_ name: String, _ type: ElementType = .float32) {
    var info = Onnx_ValueInfoProto()
    info.name = name
    info.type.tensorType.elemType = type.rawValue
    proto.graph.output.append(info)
  }

  private static func info(_ name: String, _ extents: [String], _ type: ElementType) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    info.name = name
    info.type.tensorType.elemType = type.rawValue
    info.type.tensorType.shape.dim = extents.map { text in
      var extent = Onnx_TensorShapeProto.Dimension()
      if let number = Int64(text) {
        extent.dimValue = number
      } else if text != "?" {
        extent.dimParam = text
      }
      return extent
    }
    return info
  }

  mutating func floats(_ name: String, _ extents: [Int], _ numbers: [Float]) {
    var tensor = Onnx_TensorProto()
    (tensor.name, tensor.dataType) = (name, ElementType.float32.rawValue)
    (tensor.dims, tensor.floatData) = (extents.map { Int64($0) }, numbers)
    proto.graph.initializer.append(tensor)
  }
  mutating func integers(_ name: String, _ extents: [Int], _ numbers: [Int64]) {
    var tensor = Onnx_TensorProto()
    (tensor.name, tensor.dataType) = (name, ElementType.int64.rawValue)
    (tensor.dims, tensor.int64Data) = (extents.map { Int64($0) }, numbers)
    proto.graph.initializer.append(tensor)
  }

  mutating func node(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [(String, AttributeValue)] = [],
    name: String = ""
  ) {
    var node = Onnx_NodeProto()
    (node.opType, node.name, node.input, node.output) = (type, name, inputs, outputs)
    node.attribute = attributes.map { $1.proto($0) }
    proto.graph.node.append(node)
  }

  /// Through the bytes of a file.
  func read() throws -> OnnxModel {
    let bytes: [UInt8] = try proto.serializedBytes()
    return try OnnxModel(try OnnxFile.decode(bytes, as: .model, path: "test.onnx"), path: "test.onnx")
  }
}

extension OnnxGraph {
  /// The outputs by name, on one thread.
  func run(_ inputs: [String: [Double]], memory: Int = 1 << 30) throws(ModelError) -> [String: [Double]] {
    try OnnxRun(self, threads: 1, memory: memory).run(inputs)
  }
}
