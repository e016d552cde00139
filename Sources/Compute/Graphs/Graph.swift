import Tensors

/// An edge of a graph: a tensor of a known shape that a node makes or that is given.
public struct Value: Sendable, Hashable {
  public let index: Int
  init(_ index: Int) { self.index = index }
}

/// An operator applied to values.
public struct Call: Sendable {
  public let inputs: [Value]
  public let outputs: [Value]
  /// Where it comes from in the network: `encoder.0.conv1`.
  public let path: String
  /// Which inputs a gradient is wanted for; all, outside of differentiation.
  public var wanted: [Bool]
}

/// What is computed on tensors of fixed shapes: nodes in an order in which each stands after its inputs.
/// A graph is a value: it is built, changed by passes and planned before any number is read.
public struct Graph: Sendable {
  public enum Origin: Sendable, Hashable {
    /// Given with each run.
    case input(String)
    /// A trained number, or a statistic that training keeps: lives outside, named by its path.
    case parameter(String)
    case constant([Double])
    case node(Int, output: Int)
  }

  public struct Node: Sendable {
    public var op: any Operator
    public var call: Call
  }

  public private(set) var shapes: [Shape] = []
  public private(set) var origins: [Origin] = []
  public var nodes: [Node] = []
  /// Put before the path of nodes that are added; set by whoever builds a part of the graph.
  public var path = ""
  private var known: [Origin: Value] = [:]

  public init() {}

  public func shape(_ value: Value) -> Shape { shapes[value.index] }
  public func origin(_ value: Value) -> Origin { origins[value.index] }
  public var values: [Value] { shapes.indices.map(Value.init) }

  /// A tensor that is given with each run.
  public mutating func input(_ name: String, _ shape: Shape) throws(GraphError) -> Value {
    try named(.input(name), shape)
  }

  /// A tensor that lives in the parameter store. The same name is the same value.
  public mutating func parameter(_ name: String, _ shape: Shape) throws(GraphError) -> Value {
    try named(.parameter(name), shape)
  }

  private mutating func named(_ origin: Origin, _ shape: Shape) throws(GraphError) -> Value {
    if let value = known[origin] {
      guard self.shape(value) == shape else {
        throw GraphError(
          path: path, "`\(origin.name)` is used with the shapes \(self.shape(value)) and \(shape)", shapes: []
        )
      }
      return value
    }
    let value = make(shape, origin)
    known[origin] = value
    return value
  }

  /// Numbers that never change.
  public mutating func constant(_ numbers: [Double], _ extents: [Int] = []) throws(GraphError) -> Value {
    let shape: Shape
    do { shape = try Shape(extents) } catch { throw GraphError(path: path, error.description, shapes: []) }
    guard shape.count == numbers.count else {
      throw GraphError(path: path, "a constant \(shape) cannot have \(numbers.count) numbers", shapes: [])
    }
    return make(shape, .constant(numbers))
  }

  public mutating func constant(_ number: Double) -> Value { make(.scalar, .constant([number])) }

  /// Applies an operator.
  /// - Throws: `GraphError` with the path and all shapes when they do not fit.
  @discardableResult
  public mutating func apply(_ op: any Operator, _ inputs: [Value], path local: String = "")
    throws(GraphError) -> [Value]
  {
    let full = path.isEmpty || local.isEmpty ? path + local : path + "." + local
    let made: [Shape]
    do {
      made = try op.outputShapes(inputs.map(shape))
    } catch {
      throw GraphError(path: full, "\(type(of: op).name): \(error.cause)", shapes: inputs.map(shape))
    }
    let index = nodes.count
    let outputs = made.enumerated().map { make($1, .node(index, output: $0)) }
    nodes.append(
      Node(op: op, call: Call(inputs: inputs, outputs: outputs, path: full, wanted: inputs.map { _ in true }))
    )
    return outputs
  }

  /// Applies an operator with one output.
  public mutating func one(_ op: any Operator, _ inputs: Value..., path: String = "") throws(GraphError)
    -> Value
  {
    guard let value = try apply(op, inputs, path: path).first else {
      throw GraphError(path: path, "\(type(of: op).name) makes nothing", shapes: inputs.map(shape))
    }
    return value
  }

  private mutating func make(_ shape: Shape, _ origin: Origin) -> Value {
    shapes.append(shape)
    origins.append(origin)
    return Value(shapes.count - 1)
  }

  /// The names and shapes of the parameters, in the order in which they were first used.
  public var parameters: [(name: String, shape: Shape)] {
    zip(origins, shapes).compactMap { if case .parameter(let name) = $0 { (name, $1) } else { nil } }
  }

  /// The nodes that the values are made from, in order.
  public func nodes(for wanted: [Value]) -> [Int] {
    var isNeeded = [Bool](repeating: false, count: nodes.count)
    var stack = wanted
    while let value = stack.popLast() {
      guard case .node(let node, _) = origin(value), !isNeeded[node] else { continue }
      isNeeded[node] = true
      stack += nodes[node].call.inputs
    }
    return nodes.indices.filter { isNeeded[$0] }
  }
}

extension Graph.Origin {
  var name: String {
    switch self {
    case .input(let name), .parameter(let name): name
    case .constant: "constant"
    case .node(let index, _): "node \(index)"
    }
  }
}

/// What does not fit in a graph: where, what, and the shapes.
public struct GraphError: Error, Sendable, Hashable, CustomStringConvertible {
  public let path: String
  public let cause: String
  public let shapes: [Shape]
  public init(path: String, _ cause: String, shapes: [Shape]) {
    (self.path, self.cause, self.shapes) = (path, cause, shapes)
  }
  public var description: String {
    (path.isEmpty ? "" : path + ": ") + cause
      + (shapes.isEmpty ? "" : " (inputs " + shapes.map(\.description).joined(separator: ", ") + ")")
  }
}
