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

  public mutating func add(_ computation: any Computation, inputs: [NodeID]) -> NodeID {
    nodes.append(Node(content: .computation(computation), inputs: inputs, origin: origin, mark: mark))
    return NodeID(nodes.count - 1)
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
