import GridFiles
import Stages
import Synchronization

/// Runs a pipeline: its items one after the other, each with all workers.
public struct PipelineRun: Sendable {
  public struct Options: Sendable {
    /// This process does the items whose number leaves `index` when divided by `count`.
    public var shard: (index: Int, count: Int)?
    /// Trainings go on from the state that an earlier run left.
    public var resumes = false
    public init() {}

    /// The items of the shard.
    func part<T>(of items: [T]) -> [T] {
      guard let shard else { return items }
      return items.enumerated().filter { $0.offset % shard.count == shard.index }.map(\.element)
    }
  }

  public struct Report: Sendable {
    public var written: [String] = []
    /// With the item that they are of, when there are items.
    public var scores: [(item: String?, score: Score)] = []
    public var failed: [(item: Item, faults: [Fault])] = []
    public var seconds = 0.0
    public var fileBytes = 0
    /// What was found of each class.
    public var classes: [ClassCount] = []
    public var code: Fault.Code? { failed.isEmpty ? nil : .someFailed }
  }

  let planner: Planner
  let options: Options
  /// Told as the run goes on: a line of the story, or the share done.
  let story: @Sendable (Event) -> Void
  private let pool: WorkerPool

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
    pool = WorkerPool(threads: planner.settings.threads)
  }

  /// - Throws: `Faults`, or `CancellationError` when the task was cancelled. Nothing of a failed item is left.
  public func run() async throws -> Report {
    Machine.boundFragmentation()
    let clock = ContinuousClock()
    let start = clock.now
    var report = Report()
    let items = options.part(of: try await planner.items())
    let digests = Digests(planner, cache: DigestCache(nil))
    for (number, item) in items.enumerated() {
      try Task.checkCancellation()
      if items.count > 1 { story(.item(item, number: number + 1, of: items.count)) }
      do {
        try await make(item, digests, &report)
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        if Task.isCancelled { throw CancellationError() }
        let faults = Self.faults(error, planner.spec.path)
        guard planner.spec.skipsFailedItems, planner.spec.hasItems else { throw Faults(faults) }
        report.failed.append((item, faults))
        story(.itemFailed(item, faults))
      }
      await planner.forget(item)
    }
    if !report.failed.isEmpty, report.failed.count == items.count {
      throw Faults(report.failed.flatMap(\.faults))
    }
    report.seconds = (clock.now - start).seconds
    return report
  }

  /// Plans and makes one item, and adds it to the report.
  @discardableResult
  func make(_ item: Item, _ digests: Digests, _ report: inout Report) async throws -> ItemPlan {
    let described = try await planner.plan(item)
    for note in described.notes where note.level != "assumed" { story(.note(note)) }
    story(.planned(described))
    // Only what can be run is worth being read from end to end.
    let digest = try await digests.of(item)
    let plan = described.sealed(digest)
    let story = story
    let notebook = Notebook()
    let stopped = Mutex(false)
    let context = RunContext(
      threads: planner.settings.threads, resumes: options.resumes, version: planner.settings.version,
      pipeline: planner.spec.name, now: RunSettings.now, nowText: RunSettings.isoTime(RunSettings.now),
      digest: digest.text, isCancelled: { stopped.withLock { $0 } },
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
    report.classes = ClassCount.sums(report.classes + result.classes)
    return plan
  }

  static func faults(_ error: any Error, _ pipeline: String) -> [Fault] {
    if let faults = error as? Faults { return faults.list }
    var fault = Fault(error)
    if fault.stage != nil || fault.mark != nil { fault.pipeline = fault.pipeline ?? pipeline }
    return [fault]
  }
}

extension Swift.Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
