import Grids

/// A stage of a pipeline: what one entry of `stages:` becomes. A stage is one file directly in
/// `Sources/Stages`, named as its type; the build lists the folder.
public protocol Stage: Sendable {
  /// The name, what it does, its keys: `isotach stages` shows this, and the YAML is checked against it.
  static var declaration: StageDeclaration { get }
  /// Takes the values of the keys, which fit the declaration already; checks what is between them.
  init(_ arguments: Arguments) throws(PlanError)
  /// Adds what is to be computed to the graph, from the descriptions of the inputs alone, and says which node
  /// is the result. The inputs are those that the keys of kind `.stream` and `.streams` name.
  func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID
  /// Files that the stage reads by itself (a model), as paths: what it makes changes with them.
  var files: [String] { get }
}

extension Stage {
  public var files: [String] { [] }
}

/// What a stage says of itself.
public typealias StageDeclaration = Declaration

/// The streams that a stage takes, by the key that names them.
public struct StageInputs: Sendable {
  public struct Stream: Sendable {
    public let name: String
    public let node: NodeID
    public let description: Description
    public let mark: Mark
    public init(name: String, node: NodeID, description: Description, mark: Mark) {
      (self.name, self.node, self.description, self.mark) = (name, node, description, mark)
    }
  }
  private let streams: [String: [Stream]]
  public init(_ streams: [String: [Stream]]) { self.streams = streams }

  /// The stream of a key of kind `.stream`, nil when the key is absent.
  public subscript(_ key: String) -> Stream? { streams[key]?.first }
  /// The streams of a key of kind `.streams`.
  public func all(_ key: String) -> [Stream] { streams[key] ?? [] }
  /// The stream of the required key.
  public func stream(_ key: String) throws(PlanError) -> Stream {
    guard let stream = self[key] else { throw PlanError("no stream is given for `\(key)`") }
    return stream
  }
}
