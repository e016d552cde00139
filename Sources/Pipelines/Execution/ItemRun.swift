import GridFiles
import Grids
import Stages

/// Carries out one plan: kept results first, then each output chunk by chunk, published together at the end.
struct ItemRun {
  let plan: ItemPlan
  let pool: WorkerPool
  let threads: Int
  /// Told after every task: done, of how many.
  let progress: @Sendable (Int, Int) -> Void
  let context: RunContext
  let notebook: Notebook

  struct Result {
    var written: [String]
    var scores: [Score]
    var classes: [ClassCount] = []
  }

  func run() async throws -> Result {
    var files: [OutputFile] = []
    var lists = ListFiles()
    let known: [String: Attribute.Value] = ["program": .text("isotach \(context.version)")]
    let tallies = plan.outputs.map { _ in ClassTally() }
    do {
      let identities = plan.files.map(\.header.identity)
      for output in plan.outputs {
        let file = try await OutputFile.create(
          output.path, output.layout.header.definition.resolved(known) ?? output.layout.header.definition,
          inputs: identities)
        files.append(file)
      }
      for node in plan.graph.nodes {
        if case .computation(let computation) = node.content { computation.prepare(context) }
      }
      let counter = Counter(total: plan.memory.tasks, progress)
      var kept: [Int: KeptResult] = [:]
      for (entry, step) in zip(plan.memory.kept, plan.memory.steps) {
        kept[entry.node] = try await make(entry, step, kept: kept, counter)
        leave(step, &kept)
      }
      let late = notebook.attributes.merging(known) { found, _ in found }
      for (index, output) in plan.outputs.enumerated() {
        // Attributes that were found meanwhile: the file is begun anew with them.
        if let definition = output.layout.header.definition.resolved(late) {
          await files[index].discard()
          files[index] = try await OutputFile.create(output.path, definition, inputs: identities)
        }
        try await writeCoordinates(output.layout.header, files[index])
        let step = plan.memory.steps[plan.memory.kept.count + index]
        try await write(
          output, plan.memory.cuts[index], step, files[index], tallies[index], kept: kept, counter)
        leave(step, &kept)
      }
      for list in plan.lists { try await lists.write(list, inputs: identities) }
      for file in plan.files { try file.checkUnchanged() }
      try plan.digest?.checkUnchanged()
      try Task.checkCancellation()
      for file in files { try await file.publish() }
      try await lists.publish()
      // A list may be written in several forms.
      var counts = Array(Set(plan.lists.map(\.count))).sorted {
        ($0.subject, $0.meaning) < ($1.subject, $1.meaning)
      }
      for (output, tally) in zip(plan.outputs, tallies) { counts += tally.counts(output.description) }
      return Result(
        written: plan.effectFiles + plan.outputs.map(\.path), scores: notebook.scores, classes: counts)
    } catch {
      for file in files { await file.discard() }
      await lists.discard()
      throw error
    }
  }

  /// Gives back what nothing needs after a step.
  private func leave(_ step: MemoryPlan.Step, _ kept: inout [Int: KeptResult]) {
    for node in step.forgets { kept[node] = nil }
    for node in step.releases { plan.graph.computation(NodeID(node))?.release() }
  }

  private func make(
    _ entry: MemoryPlan.Kept, _ step: MemoryPlan.Step, kept: [Int: KeptResult], _ counter: Counter
  ) async throws
    -> KeptResult
  {
    let graph = plan.graph
    let whole = graph.description(NodeID(entry.node)).whole
    let folder =
      (plan.outputs.map(\.path) + plan.effectFiles).first.map { PipelineSpec.folder(of: $0) }
      ?? Machine.environment("TMPDIR") ?? "/var/tmp"
    let result = try KeptResult(whole, inMemory: entry.inMemory, folder: folder)
    let known = Set(kept.keys)
    let limit = plan.memory.windowLimit
    try await inOrder(entry.tiles.count, step) { index, turnstile in
      let request = Request(node: entry.node, region: entry.tiles[index])
      let trace = Trace(graph, kept: known, windowLimit: limit, request, asComputed: true)
      try await turnstile.enter(index, bytes: trace.peak)
      let evaluation = Evaluation(graph, kept: kept, trace, context)
      try result.store(try await evaluation.block(request, asComputed: true))
      await turnstile.release(bytes: trace.peak)
      await counter.one()
    }
    return result
  }

  private func write(
    _ output: ItemPlan.Output, _ cut: OutputLayout.Cut, _ step: MemoryPlan.Step, _ file: OutputFile,
    _ tally: ClassTally, kept: [Int: KeptResult], _ counter: Counter
  ) async throws {
    let graph = plan.graph
    let layout = output.layout
    let writing = ChunkWriting(
      output: file, layout: layout, origin: graph.nodes[output.node].origin, tally: tally)
    let known = Set(kept.keys)
    let limit = plan.memory.windowLimit
    try await inOrder(layout.runCount(cut), step) { index, turnstile in
      let run = layout.run(index, cut)
      let request = Request(node: output.node, region: layout.region(run))
      let trace = Trace(graph, kept: known, windowLimit: limit, request)
      let bytes = MemoryPlanner.bytes(trace, layout, run)
      try await turnstile.enter(index, bytes: bytes)
      let chunks = try await Self.chunks(writing, run, Evaluation(graph, kept: kept, trace, context), request)
      try await turnstile.turn(index)
      for chunk in chunks { try await file.write(chunk.name, chunkAt: chunk.origin, chunk.chunk) }
      await turnstile.leave(index, bytes: bytes)
      await counter.one()
    }
  }

  /// The block lives only in here: while a task waits for its turn it holds encoded chunks alone.
  private static func chunks(
    _ writing: ChunkWriting, _ run: OutputLayout.Run, _ evaluation: Evaluation, _ request: Request
  ) async throws -> [ChunkWriting.Encoded] {
    let block = try await evaluation.block(request)
    return try writing.encode(run, block)
  }

  /// Runs tasks `0..<count`, some at a time, started in order; the first fault ends all.
  private func inOrder(
    _ count: Int, _ step: MemoryPlan.Step, _ body: @escaping @Sendable (Int, Turnstile) async throws -> Void
  ) async throws {
    let turnstile = Turnstile(capacity: max(1, step.taskBudget))
    let next = NextIndex(count)
    try await withTaskCancellationHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<min(count, 2 * threads) {
          group.addTask(executorPreference: pool) {
            do {
              while let index = await next.take() {
                try Task.checkCancellation()
                try await body(index, turnstile)
              }
            } catch {
              await turnstile.breakDown()
              throw error
            }
          }
        }
        // Those that were sent away because another failed are not the reason.
        var reason: (any Error)?
        while let result = await group.nextResult() {
          guard case .failure(let error) = result else { continue }
          group.cancelAll()
          if reason == nil || reason is CancellationError { reason = error }
        }
        if let reason { throw reason }
      }
    } onCancel: {
      Task { await turnstile.breakDown() }
    }
  }

  private func writeCoordinates(_ header: EncodedHeader, _ file: OutputFile) async throws {
    for (name, values) in header.numbers {
      guard let definition = header.definition.variables.first(where: { $0.name == name }) else { continue }
      let extents = definition.dimensions.map { dimension in
        header.definition.dimensions.first { $0.name == dimension }?.length ?? 0
      }
      try await file.write(name, values, start: extents.map { _ in 0 }, count: extents)
    }
    for (name, texts) in header.texts { try await file.write(name, text: texts) }
  }
}

private actor NextIndex {
  private var next = 0
  private let count: Int
  init(_ count: Int) { self.count = count }
  func take() -> Int? {
    guard next < count else { return nil }
    next += 1
    return next - 1
  }
}

private actor Counter {
  private var done = 0
  private let total: Int
  private let progress: @Sendable (Int, Int) -> Void
  init(total: Int, _ progress: @escaping @Sendable (Int, Int) -> Void) {
    (self.total, self.progress) = (total, progress)
  }
  func one() {
    done += 1
    progress(done, total)
  }
}
