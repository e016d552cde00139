import GridFiles
import Stages
import Synchronization

/// Runs a pipeline: its items one after the other, each with all workers.
public struct PipelineRun: Sendable {
  public struct Options: Sendable {
    /// This process does the items whose number leaves `index` when divided by `count`.
    public var shard: (index: Int, count: Int)?
    /// Items whose outputs were made from the same inputs by the same pipeline and program are left out.
    public var newOnly = false
    /// Trainings go on from the state that an earlier run left.
    public var resumes = false
    public init() {}
  }

  public struct Report: Sendable {
    public var written: [String] = []
    /// With the item that they are of, when there are items.
    public var scores: [(item: String?, score: Score)] = []
    /// Items that were there already.
    public var upToDate = 0
    public var failed: [(item: Item, faults: [Fault])] = []
    public var seconds = 0.0
    public var fileBytes = 0
    public var code: Fault.Code? { failed.isEmpty ? nil : .someFailed }
  }

  private let planner: Planner
  private let options: Options
  /// Told as the run goes on: a line of the story, or the share done.
  private let story: @Sendable (Event) -> Void

  public enum Event: Sendable {
    case item(Item, number: Int, of: Int)
    case planned(ItemPlan)
    case progress(done: Int, of: Int)
    case itemFailed(Item, [Fault])
    case note(ItemPlan.Note)
    /// A line of a stage's own.
    case line(String)
    /// How far a stage is that takes long, and what there is to say of it.
    case stageProgress(done: Int, of: Int, text: String)
  }

  public init(_ planner: Planner, _ options: Options, story: @escaping @Sendable (Event) -> Void) {
    (self.planner, self.options, self.story) = (planner, options, story)
  }

  /// - Throws: `Faults`, or `CancellationError` when the task was cancelled. Nothing of a failed item is left.
  public func run() async throws -> Report {
    Machine.boundFragmentation()
    let clock = ContinuousClock()
    let start = clock.now
    var report = Report()
    let all = try planner.items()
    let items = all.enumerated().filter { index, _ in
      guard let shard = options.shard else { return true }
      return index % shard.count == shard.index
    }.map(\.element)
    let pool = WorkerPool(threads: planner.settings.threads)
    for (number, item) in items.enumerated() {
      try Task.checkCancellation()
      if options.newOnly, try await isUpToDate(item) {
        report.upToDate += 1
        continue
      }
      if items.count > 1 { story(.item(item, number: number + 1, of: items.count)) }
      do {
        let plan = try await planner.plan(item)
        for note in plan.notes where note.level != "assumed" { story(.note(note)) }
        story(.planned(plan))
        let story = story
        let notebook = Notebook()
        let stopped = Mutex(false)
        let context = RunContext(
          threads: planner.settings.threads, resumes: options.resumes, version: planner.settings.version,
          pipeline: planner.spec.name, now: RunSettings.now, nowText: RunSettings.isoTime(RunSettings.now),
          digest: plan.digest, isCancelled: { stopped.withLock { $0 } },
          tell: { message in
            switch message {
            case .line(let line): story(.line(line))
            case .progress(let done, let count, let text):
              story(.stageProgress(done: done, of: count, text: text))
            }
          }, report: { notebook.add($0) })
        let run = ItemRun(
          plan: plan, pool: pool, threads: planner.settings.threads,
          progress: { story(.progress(done: $0, of: $1)) }, context: context, notebook: notebook)
        let result = try await withTaskCancellationHandler {
          try await run.run()
        } onCancel: {
          stopped.withLock { $0 = true }
        }
        report.written += result.written
        report.scores += result.scores.map { (item.stem, $0) }
        report.fileBytes += plan.memory.fileBytes
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        if Task.isCancelled { throw CancellationError() }
        let faults = Self.faults(error, planner.spec.path)
        guard planner.spec.skipsFailedItems, planner.spec.hasItems else { throw Faults(faults) }
        report.failed.append((item, faults))
        story(.itemFailed(item, faults))
      }
      if let path = item.path { await planner.cache.forget(path) }
    }
    if !report.failed.isEmpty, report.failed.count == items.count {
      throw Faults(report.failed.flatMap(\.faults))
    }
    let duration = start.duration(to: clock.now).components
    report.seconds = Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
    return report
  }

  private static func faults(_ error: any Error, _ pipeline: String) -> [Fault] {
    if let faults = error as? Faults { return faults.list }
    var fault = Fault(error)
    if fault.stage != nil || fault.mark != nil { fault.pipeline = fault.pipeline ?? pipeline }
    return [fault]
  }

  /// True when every output of the item says that it was made from what is there now.
  private func isUpToDate(_ item: Item) async throws -> Bool {
    guard !planner.spec.outputs.isEmpty else { return false }
    let digest = try planner.digest(item)
    for path in planner.outputPaths(item) {
      guard Glob.exists(path), let file = try? await SourceFile.open(path),
        file.header.root.attributes["isotach_digest"]?.text == digest
      else { return false }
    }
    // What stages make themselves must be there too.
    let hasEffects = planner.spec.stages.contains { type(of: $0.stage).declaration.hasEffect }
    return hasEffects ? try await planner.plan(item).effectFiles.allSatisfy(Glob.exists) : true
  }
}
