import Basics
import Compute
import Networks
import Tensors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The nodes and constants of a graph as they stand in a file: equal for two graphs when one file serves both.
struct WrittenGraph: Equatable {
  private(set) var nodes: [Onnx_NodeProto] = []
  /// Whole numbers that the nodes are given: shapes, axes.
  private(set) var constants: [Onnx_TensorProto] = []
  /// The parameters that are used, in the order of their first use.
  private(set) var parameters: [Parameter] = []

  struct Parameter: Equatable {
    let name: String
    let shape: Shape
  }

  /// - Parameters:
  ///   - outputs: what is computed, and how it is called.
  /// - Throws: `ModelError` naming all operators that cannot be written, with where they come from.
  init(_ graph: Graph, outputs: [(name: String, value: Value)], path: String) throws(ModelError) {
    var names = Names(graph, outputs)
    var known: Set<String> = []
    var unwritten: [(operation: String, places: [String])] = []
    func use(_ value: Value) {
      guard case .parameter(let name) = graph.origin(value), known.insert(name).inserted else { return }
      parameters.append(Parameter(name: name, shape: graph.shape(value)))
    }
    for index in graph.nodes(for: outputs.map(\.value)) {
      let node = graph.nodes[index]
      let title = type(of: node.op).name
      guard let writer = writersByName[title], (node.op as? any TakesActivation)?.activation == nil else {
        let place = node.call.path.isEmpty ? "node \(index)" : node.call.path
        if let known = unwritten.firstIndex(where: { $0.operation == title }) {
          unwritten[known].places.append(place)
        } else {
          unwritten.append((title, [place]))
        }
        continue
      }
      node.call.inputs.forEach(use)
      let called = node.call.outputs.map { names.name($0, title, node.call.path) }
      let call = CallWriter(
        path: called.first ?? node.call.path, inputs: node.call.inputs.map { names.name(of: $0, &nodes) },
        inputShapes: node.call.inputs.map(graph.shape), outputs: called,
        outputShapes: node.call.outputs.map(graph.shape))
      do { try writer.write(node.op, call) } catch {
        throw ModelError(
          error.modelKind, path: path, subject: node.call.path.isEmpty ? title : node.call.path,
          "\(title) cannot be written: \(error.cause)")
      }
      nodes += call.nodes
      constants += call.initialisers
    }
    guard unwritten.isEmpty else {
      let list = unwritten.map { "\($0.operation) (\($0.places.joined(separator: ", ")))" }
      throw ModelError(
        .unsupported, path: path, "ONNX has no operator for \(list.joined(separator: "; "))",
        remedy: "use other layers")
    }
    // An output that no node makes, or that has another name already.
    for (name, value) in outputs {
      use(value)
      let source = names.name(of: value, &nodes)
      guard source != name else { continue }
      var copy = Onnx_NodeProto()
      (copy.opType, copy.name, copy.input, copy.output) = ("Identity", name, [source], [name])
      nodes.append(copy)
    }
  }
}

/// The names of values in a file: those of inputs, parameters and outputs, and for what lies between them where it comes
/// from.
private struct Names {
  private let graph: Graph
  private var names: [Value: String] = [:]
  private var taken: Set<String> = []
  private var constants: [ConstantKey: String] = [:]
  private struct ConstantKey: Hashable {
    let numbers: [Double]
    let shape: Shape
  }

  init(_ graph: Graph, _ outputs: [(name: String, value: Value)]) {
    self.graph = graph
    taken = Set(outputs.map(\.name))
    for value in graph.values {
      switch graph.origin(value) {
      case .input(let name), .parameter(let name):
        names[value] = name
        taken.insert(name)
      case .constant, .node: continue
      }
    }
    for (name, value) in outputs where names[value] == nil {
      if case .node = graph.origin(value) { names[value] = name }
    }
  }

  private mutating func free(_ wanted: String) -> String {
    var (name, number) = (wanted, 1)
    while !taken.insert(name).inserted {
      number += 1
      name = "\(wanted)_\(number)"
    }
    return name
  }

  /// What a node makes.
  mutating func name(_ output: Value, _ operation: String, _ path: String) -> String {
    if let name = names[output] { return name }
    let name = free(path.isEmpty ? operation : "\(path)/\(operation)")
    names[output] = name
    return name
  }

  /// What a node reads; a constant is made by a node of its own when it is new.
  mutating func name(of value: Value, _ nodes: inout [Onnx_NodeProto]) -> String {
    if let name = names[value] { return name }
    guard case .constant(let numbers) = graph.origin(value) else { return "" }
    let key = ConstantKey(numbers: numbers, shape: graph.shape(value))
    if let name = constants[key] { return name }
    let name = free("constant/\(constants.count + 1)")
    constants[key] = name
    names[value] = name
    nodes.append(.constant(name, graph.shape(value).extents, numbers))
    return name
  }
}

extension Onnx_TensorProto {
  /// float32, little-endian.
  init(_ name: String, _ extents: [Int], count: Int, _ number: (Int) -> Float) {
    self.init()
    (self.name, dataType) = (name, ElementType.float32.rawValue)
    dims = extents.map { Int64($0) }
    var bytes = [UInt8](repeating: 0, count: count * 4)
    for index in 0..<count {
      let bits = number(index).bitPattern
      for byte in 0..<4 { bytes[4 * index + byte] = UInt8(truncatingIfNeeded: bits >> (8 * UInt32(byte))) }
    }
    rawData = Data(bytes)
  }
}
