import Basics
import Networks

/// A model file of ONNX: decoded and checked as a whole, not yet a graph, which needs the extents of its inputs.
public struct OnnxModel: Sendable {
  /// A named tensor at the border of the model.
  public struct Port: Sendable, Hashable {
    public enum Extent: Sendable, Hashable {
      case fixed(Int)
      /// A name that stands for the same number wherever it is used.
      case named(String)
      case open
    }
    public let name: String
    /// nil when the type is not read here.
    public let type: ElementType?
    /// nil when the model says nothing about it.
    public let extents: [Extent]?
  }

  /// The versions of ONNX's operators that are read. (23 and 24 change nothing in what is read here but the types.)
  public static let opsets = 7...24

  public let path: String
  /// What must be given with each run; initialisers are not among them.
  public let inputs: [Port]
  public let outputs: [Port]
  /// `metadata_props`, in the order of the file.
  public let metadata: [(name: String, text: String)]
  /// The version of the operators that the nodes are written for.
  public let opset: Int
  public let irVersion: Int
  /// The program that wrote the file, with its version; nil when it does not say.
  public let producer: String?
  /// The size of the file, without what lies in other files, when the model was read to be looked at.
  public private(set) var fileBytes = 0
  private(set) var proto: Onnx_ModelProto
  /// The constant tensors of the graph, in the order of the file.
  private(set) var initialisers: [TensorNumbers]
  let functions: [FunctionKey: Onnx_FunctionProto]
  /// The operators that are not supported, when the model was read to be looked at; nil when all are.
  public private(set) var problem: ModelError?

  struct FunctionKey: Hashable {
    let domain: String
    let name: String
    let overload: String
  }

  /// Reads a file and checks what does not depend on the extents of its inputs: bytes, names, types, operators.
  /// - Throws: `ModelError`; of unsupported operators all are named, with their nodes.
  public static func read(_ path: String) throws(ModelError) -> OnnxModel {
    let lean = try LeanModel(path)
    return try OnnxModel(lean.proto, path: path, stored: lean.stored)
  }

  /// The same, for those who want to look at a model that cannot be run here: unsupported operators are no error, but
  /// `problem`.
  public static func inspect(_ path: String) throws(ModelError) -> OnnxModel {
    let bytes = try OnnxFile.bytes(path)
    var model = try OnnxModel(
      try OnnxFile.decode(bytes, as: .model, path: path), path: path, isInspected: true)
    model.fileBytes = bytes.count
    return model
  }

  /// - Parameter stored: where the bytes of initialisers are that the message lacks.
  init(
    _ proto: Onnx_ModelProto, path: String, stored: [Int: StoredBytes] = [:], isInspected: Bool = false
  ) throws(ModelError) {
    func fault(_ cause: String, _ kind: ModelError.Kind = .damaged, remedy: String? = nil) -> ModelError {
      ModelError(kind, path: path, cause, remedy: remedy)
    }
    guard proto.hasGraph, !proto.opsetImport.isEmpty else {
      throw fault("this is no ONNX model: it has no \(proto.hasGraph ? "opset" : "graph")")
    }
    (self.path, self.proto) = (path, proto)
    irVersion = Int(proto.irVersion)
    metadata = proto.metadataProps.map { ($0.key, $0.value) }
    let producer = [proto.producerName, proto.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
    self.producer = producer.isEmpty ? nil : producer
    guard let own = proto.opsetImport.first(where: { Self.isOwn($0.domain) }) else {
      throw fault("it names no version of ONNX's own operators")
    }
    guard let opset = Int(exactly: own.version), Self.opsets.contains(opset) else {
      throw fault(
        "it is written for opset \(own.version), and \(Self.opsets.lowerBound) to \(Self.opsets.upperBound) are read",
        .unsupported, remedy: "export it with one of them, or convert it with onnx.version_converter")
    }
    self.opset = opset
    var functions: [FunctionKey: Onnx_FunctionProto] = [:]
    for function in proto.functions {
      let key = FunctionKey(domain: function.domain, name: function.name, overload: function.overload)
      guard functions.updateValue(function, forKey: key) == nil else {
        throw fault("the function `\(printable(function.name, limit: 200))` is there twice")
      }
    }
    self.functions = functions

    var initialisers: [TensorNumbers] = []
    var names: Set<String> = []
    for (number, tensor) in proto.graph.initializer.enumerated() {
      let shown = printable(tensor.name, limit: 200)
      guard !tensor.name.isEmpty else { throw fault("an initialiser has no name") }
      guard names.insert(tensor.name).inserted else {
        throw fault("the initialiser `\(shown)` is there twice")
      }
      do { initialisers.append(try TensorNumbers(tensor, path: path, stored: stored[number])) } catch {
        throw ModelError(error.modelKind, path: path, subject: "initialiser `\(shown)`", error.cause)
      }
    }
    self.initialisers = initialisers
    // Before version 4 initialisers are listed as inputs too.
    inputs = proto.graph.input.map(Self.port).filter { !names.contains($0.name) }
    outputs = proto.graph.output.map(Self.port)
    for port in inputs {
      guard !port.name.isEmpty else { throw fault("an input has no name") }
      guard names.insert(port.name).inserted else {
        throw fault("the input `\(printable(port.name, limit: 200))` is there twice")
      }
    }
    guard !outputs.isEmpty else { throw fault("it has no outputs") }
    var outputNames: Set<String> = []
    for port in outputs where !outputNames.insert(port.name).inserted {
      throw fault("the output `\(printable(port.name, limit: 200))` is there twice")
    }
    try check(names)
    do throws(ModelError) { try checkOperators() } catch {
      guard isInspected else { throw error }
      problem = error
    }
  }

  /// The model for whoever has read the numbers of its parameters, and makes graphs alone: large tensors are names and
  /// shapes.
  var withoutNumbers: OnnxModel {
    var copy = self
    copy.proto.graph.initializer = []
    copy.initialisers = initialisers.map { $0.type.isFloat && $0.shape.count > 4096 ? $0.withoutNumbers : $0 }
    return copy
  }

  static func isOwn(_ domain: String) -> Bool { domain.isEmpty || domain == "ai.onnx" }

  private static func port(_ info: Onnx_ValueInfoProto) -> Port {
    guard case .tensorType(let tensor) = info.type.value else {
      return Port(name: info.name, type: nil, extents: nil)
    }
    return Port(
      name: info.name, type: ElementType(rawValue: tensor.elemType),
      extents: tensor.hasShape
        ? tensor.shape.dim.map {
          switch $0.value {
          case .dimValue(let extent): .fixed(Int(extent))
          case .dimParam(let name) where !name.isEmpty: .named(name)
          default: .open
          }
        } : nil)
  }

  /// Each name is made once, before it is used; each operator is known.
  private func check(_ given: Set<String>) throws(ModelError) {
    func fault(_ index: Int, _ cause: String, _ remedy: String? = nil) -> ModelError {
      ModelError(
        .damaged, path: path, subject: Self.title(proto.graph.node[index], index), cause, remedy: remedy)
    }
    var makers: [String: Int] = [:]
    for (index, node) in proto.graph.node.enumerated() {
      for name in node.output where !name.isEmpty {
        let shown = printable(name, limit: 200)
        if given.contains(name) { throw fault(index, "its output `\(shown)` is an input or initialiser too") }
        if let other = makers.updateValue(index, forKey: name) {
          throw fault(
            index,
            "its output `\(shown)` is made by \(Self.title(proto.graph.node[other], other)) too")
        }
      }
    }
    for (index, node) in proto.graph.node.enumerated() {
      for name in node.input where !name.isEmpty && !given.contains(name) {
        let shown = printable(name, limit: 200)
        guard let maker = makers[name] else { throw fault(index, "its input `\(shown)` is made by nothing") }
        guard maker < index else {
          throw fault(
            index,
            "its input `\(shown)` is made by \(Self.title(proto.graph.node[maker], maker))\(maker == index ? " itself" : ", which stands after it")",
            "nodes must stand in the order in which they are computed, without cycles")
        }
      }
    }
    for port in outputs where makers[port.name] == nil && !given.contains(port.name) {
      throw ModelError(
        .damaged, path: path, subject: "output `\(printable(port.name, limit: 200))`", "it is made by nothing"
      )
    }
  }

  private func checkOperators() throws(ModelError) {
    var unknown: [(name: String, nodes: [String])] = []
    var places: [String: Int] = [:]
    func look(_ nodes: [Onnx_NodeProto], _ prefix: String) {
      for (index, node) in nodes.enumerated() {
        for branch in node.attribute where branch.hasG {
          look(branch.g.node, prefix + (node.name.isEmpty ? "node \(index)" : node.name) + "/")
        }
        if Self.isOwn(node.domain), operatorsByName[node.opType] != nil { continue }
        if functions[.init(domain: node.domain, name: node.opType, overload: node.overload)] != nil {
          continue
        }
        let name = (Self.isOwn(node.domain) ? "" : node.domain + ".") + node.opType
        let title = prefix + (node.name.isEmpty ? "node \(index)" : node.name)
        if let place = places[name] {
          unknown[place].nodes.append(title)
        } else {
          places[name] = unknown.count
          unknown.append((name, [title]))
        }
      }
    }
    look(proto.graph.node, "")
    for function in proto.functions { look(function.node, function.name + ": ") }
    guard !unknown.isEmpty else { return }
    let list = unknown.map { operation in
      "\(printable(operation.name, limit: 100)) (\(operation.nodes.map { printable($0, limit: 200) }.joined(separator: ", ")))"
    }
    throw ModelError(
      .unsupported, path: path,
      "\(unknown.count == 1 ? "an operator is" : "\(unknown.count) operators are") not supported: \(list.joined(separator: "; "))",
      remedy: "docs/onnx-operators.md lists those that are; export the model without these")
  }

  /// `node 3, Conv "encoder.0"`.
  static func title(_ node: Onnx_NodeProto, _ index: Int) -> String {
    "node \(index), \(printable(node.opType, limit: 100))"
      + (node.name.isEmpty ? "" : " \"\(printable(node.name, limit: 200))\"")
  }
}

extension NodeError {
  var modelKind: ModelError.Kind {
    switch kind {
    case .damaged: .damaged
    case .unsupported: .unsupported
    case .mismatch: .mismatch
    }
  }
}
