import Grids

public struct NodeID: Sendable, Hashable {
  public let index: Int
  public init(_ index: Int) { self.index = index }
}

/// What a pipeline computes: nodes in an order in which every node stands after its inputs.
public struct ComputationGraph: Sendable {
  public struct Node: Sendable {
    public let content: Content
    public let inputs: [NodeID]
    /// The stage or input of the pipeline that made the node.
    public let origin: String
    public let mark: Mark?
  }
  public enum Content: Sendable {
    case source(any Source)
    case computation(any Computation)
  }

  public private(set) var nodes: [Node] = []
  /// Set by the planner before a stage adds nodes.
  public var origin = ""
  public var mark: Mark?
  public init() {}

  /// A `ReadingComputation` reads kept results: the sources among its inputs are held for it.
  public mutating func add(_ computation: any Computation, inputs: [NodeID]) -> NodeID {
    let inputs = computation is any ReadingComputation ? inputs.map { held($0) } : inputs
    nodes.append(Node(content: .computation(computation), inputs: inputs, origin: origin, mark: mark))
    return NodeID(nodes.count - 1)
  }

  /// The node itself, or one that holds what the source reads.
  mutating func held(_ id: NodeID) -> NodeID {
    guard case .source(let source) = nodes[id.index].content else { return id }
    let known = nodes.firstIndex { node in
      guard case .computation(let computation) = node.content else { return false }
      return computation is Held && node.inputs == [id]
    }
    return known.map(NodeID.init) ?? add(Held(output: source.output), inputs: [id])
  }

  /// Nodes that have an effect beside their result.
  public var effects: [(node: NodeID, effect: Effect)] {
    nodes.indices.compactMap { index in
      guard case .computation(let computation) = nodes[index].content, let effect = computation.effect else {
        return nil
      }
      return (NodeID(index), effect)
    }
  }

  /// The computation of a node; nil for a source.
  public func computation(_ id: NodeID) -> (any Computation)? {
    if case .computation(let computation) = nodes[id.index].content { computation } else { nil }
  }

  public mutating func add(_ source: any Source) -> NodeID {
    nodes.append(Node(content: .source(source), inputs: [], origin: origin, mark: mark))
    return NodeID(nodes.count - 1)
  }

  public func description(_ id: NodeID) -> Description {
    switch nodes[id.index].content {
    case .source(let source): source.output
    case .computation(let computation): computation.output
    }
  }
}

/// Where data come from.
public protocol Source: Sendable {
  var label: String { get }
  var output: Description { get }
  /// Memory beside the block while a region is read.
  func scratchBytes(for region: Region) -> Int
  /// Bytes read from files for a region.
  func fileBytes(for region: Region) -> Int
  /// How many time steps, layers and rows are stored together: reading fewer at a time reads them again.
  var grain: (times: Int, layers: Int, rows: Int) { get }
  func read(_ region: Region) async throws -> Block
}
