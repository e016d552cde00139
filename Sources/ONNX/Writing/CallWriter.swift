import Compute
import Tensors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Takes the nodes of one call of a graph: knows the names and shapes of its tensors, and gives out new names.
final class CallWriter {
  /// The names of the call's inputs and outputs in the file.
  let inputs: [String]
  let outputs: [String]
  let inputShapes: [Shape]
  let outputShapes: [Shape]
  /// Where the call comes from in the network: its nodes' names begin with it.
  let path: String

  private(set) var nodes: [Onnx_NodeProto] = []
  private(set) var initialisers: [Onnx_TensorProto] = []
  private var names = 0

  init(
    path: String, inputs: [String], inputShapes: [Shape], outputs: [String], outputShapes: [Shape]
  ) {
    (self.path, self.inputs, self.inputShapes) = (path, inputs, inputShapes)
    (self.outputs, self.outputShapes) = (outputs, outputShapes)
  }

  /// A name for a tensor between the nodes of the call.
  func temporary() -> String {
    names += 1
    return "\(outputs.first ?? path)/\(names)"
  }

  /// Appends a node. An input that is left out is "".
  func node(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [(String, AttributeValue)] = []
  ) {
    var node = Onnx_NodeProto()
    node.opType = type
    node.name = (path.isEmpty ? outputs.first ?? type : path) + (nodes.isEmpty ? "" : "/\(nodes.count)")
    node.input = inputs
    while node.input.last == "" { node.input.removeLast() }
    node.output = outputs
    node.attribute = attributes.map { $1.proto($0) }
    nodes.append(node)
  }

  /// Appends a node with one output that another node of the call reads.
  func step(_ type: String, _ inputs: [String], _ attributes: [(String, AttributeValue)] = []) -> String {
    let name = temporary()
    node(type, inputs, [name], attributes)
    return name
  }

  /// Appends the last node: truths or whole numbers become the float32 that they are in graphs.
  func truth(_ value: String) {
    node("Cast", [value], outputs, [("to", .int(Int(ElementType.float32.rawValue)))])
  }

  /// Whole numbers as an initialiser: a shape, axes, pads. A scalar when `extents` is empty.
  func integers(_ numbers: [Int], _ extents: [Int]? = nil) -> String {
    initialiser(.int64, extents ?? [numbers.count], numbers.map { Int64($0) })
  }

  /// Numbers as a node of their own: float32 initialisers are parameters. A scalar when `extents` is empty.
  func floats(_ numbers: [Double], _ extents: [Int]? = nil) -> String {
    let name = temporary()
    nodes.append(.constant(name, extents ?? [numbers.count], numbers))
    return name
  }

  private func initialiser<T: FixedWidthInteger>(_ type: ElementType, _ extents: [Int], _ numbers: [T])
    -> String
  {
    var tensor = Onnx_TensorProto()
    tensor.name = temporary()
    tensor.dataType = type.rawValue
    tensor.dims = extents.map { Int64($0) }
    var bytes = Data(capacity: numbers.count * MemoryLayout<T>.size)
    for number in numbers {
      var rest = number.littleEndian
      for _ in 0..<MemoryLayout<T>.size {
        bytes.append(UInt8(truncatingIfNeeded: rest))
        rest >>= 8
      }
    }
    tensor.rawData = bytes
    initialisers.append(tensor)
    return tensor.name
  }
}

extension Onnx_NodeProto {
  /// A node that makes float32 numbers.
  static func constant(_ name: String, _ extents: [Int], _ numbers: [Double]) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    (node.opType, node.name, node.output) = ("Constant", name, [name])
    var attribute = Onnx_AttributeProto()
    (attribute.name, attribute.type) = ("value", .tensor)
    attribute.t = Onnx_TensorProto("", extents, count: numbers.count) { Float(numbers[$0]) }
    node.attribute = [attribute]
    return node
  }
}

/// The value of an attribute that is written.
enum AttributeValue {
  case int(Int)
  case ints([Int])
  case float(Double)
  case floats([Double])
  case string(String)

  func proto(_ name: String) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    switch self {
    case .int(let value): (attribute.type, attribute.i) = (.int, Int64(value))
    case .ints(let values): (attribute.type, attribute.ints) = (.ints, values.map { Int64($0) })
    case .float(let value): (attribute.type, attribute.f) = (.float, Float(value))
    case .floats(let values): (attribute.type, attribute.floats) = (.floats, values.map { Float($0) })
    case .string(let text): (attribute.type, attribute.s) = (.string, Data(text.utf8))
    }
    return attribute
  }
}
