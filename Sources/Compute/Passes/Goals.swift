/// What a graph is computed for.
public struct Goals: Sendable {
  /// Values to read after a run, by name.
  public var outputs: [(name: String, value: Value)]
  /// Values that are written to memory of the caller, by name.
  public var external: [(name: String, value: Value)]
  /// Parameters that get a new value after a run.
  public var updates: [(parameter: String, value: Value)]

  public init(
    outputs: [(name: String, value: Value)], external: [(name: String, value: Value)] = [],
    updates: [(parameter: String, value: Value)] = []
  ) {
    (self.outputs, self.external, self.updates) = (outputs, external, updates)
  }

  public var values: [Value] { outputs.map(\.value) + external.map(\.value) + updates.map(\.value) }
}

extension ProgramPlan {
  /// - Parameter prepares: see `ProgramPlan.init(_:outputs:external:updates:prepares:threads:)`.
  public init(_ graph: Graph, _ goals: Goals, prepares: Bool = false, threads: Int) throws(RunError) {
    try self.init(
      graph, outputs: goals.outputs, external: goals.external, updates: goals.updates, prepares: prepares,
      threads: threads)
  }
}
