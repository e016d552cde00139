/// What is in a model, for those who look at it.
extension OnnxModel {
  /// A constant tensor: a weight, a statistic, a shape.
  public struct Initialiser: Sendable, Hashable {
    public let name: String
    public let type: ElementType
    public let extents: [Int]
    /// The file beside the model that holds the numbers; nil when the model does.
    public let file: String?
  }

  /// In the order of the file.
  public var initialiserList: [Initialiser] {
    initialisers.map { Initialiser(name: $0.name, type: $0.type, extents: $0.shape.extents, file: $0.file) }
  }

  public var nodeCount: Int { proto.graph.node.count }

  /// How many nodes there are of each operator, the most frequent first.
  public var operatorCounts: [(name: String, count: Int)] {
    var counts: [String: Int] = [:]
    for node in proto.graph.node {
      counts[(Self.isOwn(node.domain) ? "" : node.domain + ".") + node.opType, default: 0] += 1
    }
    return counts.map { ($0.key, $0.value) }.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
  }

  /// A node as it stands in the file.
  public struct Node: Sendable, Hashable {
    public let name: String
    public let type: String
    public let inputs: [String]
    public let outputs: [String]
  }

  public var nodes: [Node] {
    proto.graph.node.map { Node(name: $0.name, type: $0.opType, inputs: $0.input, outputs: $0.output) }
  }
}
