import Compute

/// An operator of ONNX: what its nodes mean in a graph, and how operators of ours are written as such nodes. One file each in
/// `Operators/`, named for `op_type`; `OnnxConv` stands in `Conv.swift`.
protocol OnnxOperator: OnnxWriting {
  /// Adds what a node says to the graph, for every version of the operator from opset 7 to 22.
  /// - Returns: the node's outputs in their order; those that nobody wants may be left out at the end.
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue]
}

/// How operators of `Compute` are written as nodes. What ONNX has no single operator for stands in `Compositions/`, one file for
/// each operator of ours.
protocol OnnxWriting: SendableMetatype {
  /// The operators of ours that are written here.
  static var writes: [any Operator.Type] { get }
  /// Appends the nodes that compute the call. Called for the operators in `writes` only.
  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError)
}

extension OnnxWriting {
  static var writes: [any Operator.Type] { [] }
  /// `op_type`: what the file is named for.
  static var name: String {
    // (`String(describing:)` looks through all conformances of the program, some times for each type.)
    String(_typeName(Self.self, qualified: false).dropFirst("Onnx".count))
  }
  /// One node of the same name, without attributes.
  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    call.node(name, call.inputs, call.outputs)
  }
}

/// What is wrong with a node, or cannot be done with it; whoever reads or writes the whole adds which one.
struct NodeError: Error, Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case damaged
    case unsupported
    case mismatch
  }
  let kind: Kind
  let cause: String
  init(_ kind: Kind = .damaged, _ cause: String) { (self.kind, self.cause) = (kind, cause) }
}
