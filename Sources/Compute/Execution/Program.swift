import Synchronization
import Tensors

/// A graph that is ready to run: its plan and its memory. It does one run at a time.
@safe public final class Program: @unchecked Sendable {
  public let plan: ProgramPlan
  private let arena: UnsafeMutableRawBufferPointer
  private let kept: UnsafeMutableRawBufferPointer
  private let constants: UnsafeMutableBufferPointer<Float>
  private let team: ThreadTeam
  /// The values of the graph that a run reads, makes or returns.
  private let isRead: [Bool]
  /// Held during a run; the parameters that the kept values were made from.
  private let busy = Mutex<Parameters?>(nil)

  /// Takes the memory of the plan.
  /// - Throws: `RunError` when the system has no memory for it.
  package init(_ plan: ProgramPlan, team: ThreadTeam) throws(RunError) {
    self.plan = plan
    self.team = team
    isRead = plan.readValues()
    let bytes = max(64, plan.arenaBytes)
    guard let arena = unsafe UnsafeMutableRawBufferPointer.zeros(bytes) else {
      throw RunError("the system has no memory of \(bytes) bytes")
    }
    guard let kept = unsafe UnsafeMutableRawBufferPointer.zeros(max(64, plan.keptBytes)) else {
      unsafe arena.returnZeros()
      throw RunError("the system has no memory of \(plan.keptBytes) bytes")
    }
    unsafe (self.arena, self.kept) = (arena, kept)
    unsafe constants = .allocate(capacity: max(1, plan.constants.count))
    _ = unsafe constants.initialize(from: plan.constants)
  }

  deinit {
    unsafe arena.returnZeros()
    unsafe kept.returnZeros()
    unsafe constants.deallocate()
  }

  /// Bytes held beside parameters and the caller's own.
  public var bytes: Int { plan.bytes }

  /// Computes what follows from the parameters alone, for the runs to come. A run does so itself when it is given other
  /// parameters than the run before; who changed numbers in place calls this. Nothing happens when the plan does not
  /// prepare.
  /// - Parameter releasing: gives back the memory of those parameters that nothing but the preparation reads, one after
  ///   another, so that packed weights never lie beside all that they were made of. Then these parameters serve this
  ///   program, and no other.
  public func prepare(_ parameters: Parameters, releasing: Bool = false) throws(RunError) {
    try busy.withLock { (prepared) throws(RunError) in
      prepared = nil
      try prepare(parameters, &prepared, releasing: releasing)
    }
  }

  private func prepare(
    _ parameters: Parameters, _ prepared: inout Parameters?, releasing: Bool = false
  ) throws(RunError) {
    guard prepared !== parameters, !plan.preparation.order.isEmpty else { return }
    prepared = nil
    var operands = [Operand<Float>?](repeating: nil, count: plan.places.count)
    for index in plan.preparation.order {
      let call = plan.graph.nodes[index].call
      for value in call.inputs + call.outputs where operands[value.index] == nil {
        operands[value.index] = try operand(value, [:], [:], parameters)
      }
    }
    // Nothing random is prepared.
    let last = releasing ? lastReaders() : [:]
    try run(plan.preparation, operands, .init(), nil) { node in
      for name in last[node] ?? [] { parameters.release(name) }
    }
    prepared = parameters
  }

  /// The parameters that the preparation alone reads, by the node that reads them last.
  private func lastReaders() -> [Int: [String]] {
    var last: [String: Int] = [:]
    for index in plan.preparation.order {
      for value in plan.graph.nodes[index].call.inputs {
        if case .parameter(let name) = plan.places[value.index] { last[name] = index }
      }
    }
    for value in plan.graph.values where isRead[value.index] {
      if case .parameter(let name) = plan.places[value.index] { last[name] = nil }
    }
    return Dictionary(grouping: last.keys.sorted()) { last[$0] ?? -1 }
  }

  private func run(
    _ phase: ProgramPlan.Phase, _ operands: [Operand<Float>?], _ step: StepContext,
    _ monitor: ((Graph.Node, [Operand<Float>]) -> Void)?, after: (Int) -> Void = { _ in }
  ) throws(RunError) {
    for (position, index) in phase.order.enumerated() {
      let node = plan.graph.nodes[index]
      let workspace = phase.workspaces[position]
      let context = unsafe RunContext(
        step: step, team: team,
        workspace: UnsafeMutableRawBufferPointer(
          rebasing: arena[workspace.offset..<workspace.offset + workspace.bytes]))
      var inputs: [Operand<Float>] = []
      for value in node.call.inputs { inputs.append(try Self.known(operands[value.index])) }
      var outputs: [Operand<Float>] = []
      for value in node.call.outputs { outputs.append(try Self.known(operands[value.index])) }
      node.op.compute(inputs, outputs, context)
      monitor?(node, outputs)
      after(index)
    }
  }

  /// Runs the graph once.
  ///
  /// - Parameters:
  ///   - inputs: by name, of the shapes of the graph.
  ///   - external: where the external values go.
  ///   - parameters: read; those with updates are changed at the end of the run.
  ///   - others: read, for names that `parameters` does not have.
  ///   - monitor: called after each node with its path and outputs; a way to look for numbers that are not finite.
  ///   - body: reads the outputs, which hold until it returns.
  /// - Throws: `RunError` when something is missing or has another shape.
  public func run<Result>(
    _ inputs: [String: Operand<Float>], external: [String: Operand<Float>] = [:], parameters: Parameters,
    others: Parameters? = nil, step: StepContext = .init(),
    monitor: ((Graph.Node, [Operand<Float>]) -> Void)? = nil,
    _ body: (_ outputs: [String: Operand<Float>]) throws -> Result
  ) throws -> Result {
    try busy.withLock { prepared in
      try prepare(parameters, &prepared)
      var operands: [Operand<Float>?] = []
      for value in plan.graph.values {
        // What the preparation alone reads may have been given back.
        operands.append(isRead[value.index] ? try operand(value, inputs, external, parameters, others) : nil)
      }
      try run(plan.main, operands, step, monitor)
      // A value that has another place already (a second name, a constant) is copied.
      for (name, value) in plan.external where plan.places[value.index] != .external(name) {
        let source = try Self.known(operands[value.index])
        guard let target = external[name] else {
          throw RunError("the external value `\(name)` is not given")
        }
        guard target.shape == source.shape else {
          throw RunError("the external value `\(name)` is \(target.shape), expected \(source.shape)")
        }
        unsafe target.pointer.update(from: source.pointer, count: source.count)
      }
      var results: [String: Operand<Float>] = [:]
      for (name, value) in plan.outputs { results[name] = try Self.known(operands[value.index]) }
      for (name, value) in plan.updates {
        guard let target = parameters[name] else { throw RunError("there is no parameter `\(name)`") }
        let source = try Self.known(operands[value.index])
        guard target.count == source.count else {
          throw RunError("the new value of `\(name)` is \(source.shape), expected \(target.shape)")
        }
        unsafe target.pointer.update(from: source.pointer, count: source.count)
      }
      return try body(results)
    }
  }

  private static func known(_ operand: Operand<Float>?) throws(RunError) -> Operand<Float> {
    guard let operand else { throw RunError("a value has no place in memory") }
    return operand
  }

  private func operand(
    _ value: Value, _ inputs: [String: Operand<Float>], _ external: [String: Operand<Float>],
    _ parameters: Parameters, _ others: Parameters? = nil
  ) throws(RunError) -> Operand<Float>? {
    let shape = plan.graph.shape(value)
    func given(_ operand: Operand<Float>?, _ kind: String, _ name: String) throws(RunError) -> Operand<Float>
    {
      guard let operand else { throw RunError("the \(kind) `\(name)` is not given") }
      guard operand.shape == shape else {
        throw RunError("the \(kind) `\(name)` is \(operand.shape), expected \(shape)")
      }
      return operand
    }
    switch plan.places[value.index] {
    case .nowhere: return nil
    case .input(let name): return try given(inputs[name], "input", name)
    case .parameter(let name): return try given(parameters[name] ?? others?[name], "parameter", name)
    case .external(let name): return try given(external[name], "external value", name)
    case .constant(let offset):
      return unsafe Operand(
        shape, UnsafeMutableBufferPointer(rebasing: constants[offset..<offset + shape.count]))
    case .kept(let offset):
      guard let base = unsafe kept.baseAddress else { return nil }
      let start = unsafe (base + offset).assumingMemoryBound(to: Float.self)
      return unsafe Operand(shape, UnsafeMutableBufferPointer(start: start, count: shape.count))
    case .arena(let offset):
      guard let base = unsafe arena.baseAddress else { return nil }
      let start = unsafe (base + offset).assumingMemoryBound(to: Float.self)
      return unsafe Operand(shape, UnsafeMutableBufferPointer(start: start, count: shape.count))
    }
  }
}
