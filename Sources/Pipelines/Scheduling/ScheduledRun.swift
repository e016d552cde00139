import Basics
import GridFiles
import Stages

/// A run that does what is left to do (`run --new-only`), as a scheduler starts it: one at a time, each item by itself,
/// one that fails does not stop the others.
public struct ScheduledRun: Sendable {
  public struct Options: Sendable {
    public var run = PipelineRun.Options()
    /// In place of those of the schedule.
    public var limit: Int?
    public var order: ScheduleSpec.Order?
    /// Items that failed or were put aside are tried now.
    public var retriesFailed = false
    /// Every input is read again, whatever earlier runs knew.
    public var rereads = false
    public init() {}
  }

  public struct Report: Sendable {
    public var made = PipelineRun.Report()
    /// Items that were made.
    public var items = 0
    /// Number of items by the name of their state, after the run.
    public var counts: [(String, Int)] = []
    /// Items and files that were not made, with the name of their state and the reason.
    public var left: [(name: String, state: String, reason: String)] = []
    /// What the programs that were to be told of the run made of it.
    public var hookFaults: [Fault] = []
    /// How the program ends.
    public var code: Int32 = 0
  }

  private let runner: PipelineRun
  private let options: Options
  private var planner: Planner { runner.planner }
  private var schedule: ScheduleSpec { planner.spec.schedule }

  public init(
    _ planner: Planner, _ options: Options, story: @escaping @Sendable (PipelineRun.Event) -> Void
  ) {
    self.options = options
    runner = PipelineRun(planner, options.run, story: story)
  }

  /// - Throws: `Faults` when nothing could be done: the pipeline is wrong, or another run is going on (`busy`).
  public func run() async throws -> Report {
    Machine.boundFragmentation()
    guard planner.spec.faults.isEmpty else { throw Faults(planner.spec.faults) }
    let hookFaults = planner.hookFaults
    guard hookFaults.isEmpty else { throw Faults(hookFaults) }
    let folder = StateFolder(planner.spec)
    let lock: PipelineLock
    do throws(Fault) { lock = try PipelineLock(folder, shard: options.run.shard) } catch {
      throw Faults(error)
    }
    // Held to the very end, the programs that are told included.
    defer { withExtendedLifetime(lock) {} }

    let suffix = options.run.shard.map { "-\($0.index)-of-\($0.count)" } ?? ""
    let clock = ContinuousClock()
    let begin = clock.now
    var record = RunRecord()
    record.start = RunSettings.clock
    let last = RunRecord(folder, suffix: suffix)
    var work = Work(
      cache: DigestCache(folder.file("cache" + suffix), forgets: options.rereads),
      book: FailureBook(folder, suffix: suffix))
    var report = Report()
    var fault: Faults?
    do {
      report = try await carryOut(&work)
    } catch let faults as Faults {
      fault = faults
      report.code = faults.code.rawValue
    }
    record.seconds = (clock.now - begin).seconds
    report.made.seconds = record.seconds
    (record.end, record.code) = (RunSettings.clock, Int(report.code))
    (record.counts, record.written) = (report.counts, report.made.written.count)
    record.lastSuccess = report.code == 0 ? record.end : last?.lastSuccess
    let wrote = !report.made.written.isEmpty
    record.classes = wrote ? report.made.classes : last?.classes ?? []
    (record.newestData, record.newestDataSeconds) =
      wrote ? work.newestData ?? (nil, nil) : (last?.newestData, last?.newestDataSeconds)
    record.faults = (fault?.list ?? report.made.failed.flatMap(\.faults)).map(\.description)
    // Told before the record is written, so that a program that fails is part of it.
    report.hookFaults = tell(record, report, fault)
    if !report.hookFaults.isEmpty, report.code == 0 { report.code = Fault.Code.someFailed.rawValue }
    record.code = Int(report.code)
    do throws(FileError) {
      try record.save(folder, suffix: suffix)
      if let metrics = schedule.metrics {
        let text = Metrics.text(planner.spec.name, record, lag: work.lag)
        try StateFolder.write(Array(text.utf8), to: planner.spec.resolved(metrics.text))
      }
    } catch {
      if fault == nil { throw Faults(Fault(error)) }
    }
    if let fault { throw fault }
    return report
  }

  /// What a run carries from item to item.
  fileprivate struct Work {
    let cache: DigestCache
    var book: FailureBook
    var newestData: (String?, Int?)?
    /// Age of the oldest input without an output, in seconds.
    var lag = 0.0
  }

  private func carryOut(_ work: inout Work) async throws -> Report {
    let survey = Survey(planner, cache: work.cache)
    defer { work.cache.save() }
    let found = try await survey.find()
    var report = Report()
    var states: [(item: Item, state: Survey.State)] = []
    for item in options.run.part(of: found.items) {
      try Task.checkCancellation()
      states.append((item, try await survey.state(item, work.book)))
    }
    work.book.keep(Set(found.items.map(\.name) + found.unreadable.map(\.path)))

    var queue = states.indices.filter { isDue(states[$0].state) }
    if options.order ?? schedule.order == .newest { queue.reverse() }
    var room = options.limit ?? schedule.limit ?? .max
    let count = min(queue.count, room)
    var number = 0
    var attempted = 0
    /// One item; its state afterwards.
    func make(_ index: Int) async throws {
      let item = states[index].item
      number += 1
      if count > 1 { runner.story(.item(item, number: number, of: max(count, number))) }
      states[index].state = try await self.make(item, survey, &work, &report)
      if case .arriving = states[index].state {} else { attempted += 1 }
      await planner.forget(item)
    }
    for index in queue where room > 0 {
      try Task.checkCancellation()
      room -= 1
      try await make(index)
    }
    // Files that were still arriving may have settled meanwhile, or will in a moment: one more look at each.
    let late = states.indices.filter { if case .arriving = states[$0].state { true } else { false } }
    let waits = late.compactMap { index -> Double? in
      guard case .arriving(let wait, _) = states[index].state, wait <= schedule.settle else { return nil }
      return wait
    }
    if room > 0, let longest = waits.max(), longest > 0 { try await Uptime.sleep(longest + 0.02) }
    for index in late where room > 0 {
      let state = try await survey.state(states[index].item, work.book)
      states[index].state = state
      guard isDue(state) else { continue }
      room -= 1
      try await make(index)
    }
    for (path, faults) in found.unreadable { takeUnreadable(path, faults, survey, &work, &report) }
    try save(&work)
    conclude(states, found, &work, &report)
    report.code = code(report, attempted: attempted)
    return report
  }

  private func isDue(_ state: Survey.State) -> Bool {
    switch state {
    case .new, .changed: true
    case .failed, .putAside: options.retriesFailed
    case .upToDate, .arriving, .open: false
    }
  }

  /// Makes an item.
  /// - Returns: its state afterwards.
  private func make(_ item: Item, _ survey: Survey, _ work: inout Work, _ report: inout Report) async throws
    -> Survey.State
  {
    let stamps = item.ownFiles.map { FileStamp(ofFileAt: $0) }
    var digest: ItemDigest?
    do {
      if item.fault == nil { digest = try await survey.digests.of(item) }
      let plan = try await runner.make(item, survey.digests, &report.made)
      work.cache.setReceiptIfAny(plan)
      work.cache.saveNowAndThen()
      work.book.remove(item.name)
      work.noteNewest(plan)
      report.items += 1
      return .upToDate
    } catch is CancellationError {
      try save(&work)
      throw CancellationError()
    } catch {
      if Task.isCancelled {
        try save(&work)
        throw CancellationError()
      }
      let faults = PipelineRun.faults(error, planner.spec.path)
      // What is wrong with the pipeline is not the item's fault, and the same for all.
      if item.fault == nil, faults.contains(where: { $0.code == .badPipeline }), !planner.spec.hasItems {
        throw Faults(faults)
      }
      if let gone = item.ownFiles.first(where: { !Glob.exists($0) }) {
        return .arriving(.infinity, "\(gone): it is gone")
      }
      let changed =
        zip(item.ownFiles, stamps).first { FileStamp(ofFileAt: $0) != $1 }?.0
        ?? digest?.contents.first { FileStamp(ofFileAt: $0.key) != $0.value.stamp }?.key
      if let changed { return .arriving(schedule.settle, "\(changed): it changed while it was worked on") }
      if faults.allSatisfy({ $0.code == .badData }),
        let young = item.ownFiles.first(where: survey.settling.isYoung)
      {
        return .arriving(.infinity, "\(young): cannot be read yet: \(faults[0].cause)")
      }
      work.book.add(item.name, digest: digest?.text ?? "", faults)
      // Written at once: a run that is killed must not try a bad file for ever.
      try save(&work)
      report.made.failed.append((item, faults))
      runner.story(.itemFailed(item, faults))
      guard let entry = work.book.entries[item.name] else { return .new }
      return entry.isPutAside(schedule) ? .putAside(entry) : .failed(entry, wait: entry.wait(schedule))
    }
  }

  private func save(_ work: inout Work) throws {
    do throws(FileError) { try work.book.save() } catch { throw Faults(Fault(error)) }
  }

  /// A file of which not even the time is known.
  private func takeUnreadable(
    _ path: String, _ faults: [Fault], _ survey: Survey, _ work: inout Work, _ report: inout Report
  ) {
    if faults.isEmpty || survey.settling.isYoung(path) {
      report.left.append((path, "arriving", faults.first?.cause ?? "it changed a moment ago"))
      return
    }
    let digest = work.cache.known(path)?.digest ?? ""
    if let entry = work.book.entry(path, digest: digest), !options.retriesFailed,
      entry.isPutAside(schedule) || entry.wait(schedule) > 0
    {
      report.left.append((path, entry.isPutAside(schedule) ? "quarantined" : "failed", entry.reason))
      return
    }
    work.book.add(path, digest: digest, faults)
    let item = Item(stem: path)
    report.made.failed.append((item, faults))
    runner.story(.itemFailed(item, faults))
    report.left.append((path, "failed", faults.map(\.description).joined(separator: "\n")))
  }

  private func conclude(
    _ states: [(item: Item, state: Survey.State)], _ found: Survey.Found, _ work: inout Work,
    _ report: inout Report
  ) {
    var counts = Dictionary(uniqueKeysWithValues: Survey.State.names.map { ($0, 0) })
    for left in report.left { counts[left.state, default: 0] += 1 }
    let now = Uptime.clock
    for (item, state) in states {
      counts[state.name, default: 0] += 1
      if let reason = state.reason { report.left.append((item.name, state.name, reason)) }
      if case .upToDate = state { continue }
      for path in item.ownFiles {
        if let age = FileStamp(ofFileAt: path)?.age(at: now) { work.lag = max(work.lag, age) }
      }
    }
    report.counts = Survey.State.names.map { ($0, counts[$0] ?? 0) }
  }

  private func code(_ report: Report, attempted: Int) -> Int32 {
    let failed = report.made.failed
    guard !failed.isEmpty else { return 0 }
    // A place that cannot be written, or the only item there is: nothing was done, and this is why.
    let codes = Set(failed.map { Faults($0.faults).code })
    let isOfThePlace = codes == [.cannotWrite] || codes == [.busy]
    if !planner.spec.hasItems || isOfThePlace && failed.count >= attempted, let code = codes.first {
      return code.rawValue
    }
    return Fault.Code.someFailed.rawValue
  }

  // MARK: telling

  private func tell(_ record: RunRecord, _ report: Report, _ fault: Faults?) -> [Fault] {
    var events: [ScheduleSpec.Hook.Event] = [report.code == 0 ? .success : .failure]
    if report.made.classes.contains(where: \.isDetection) { events.append(.detection) }
    return events.flatMap { event in
      schedule.hooks.filter { $0.event == event }.compactMap { hook in
        HookRun(hook: hook, spec: planner.spec).run(message(event, record, report, fault))
      }
    }
  }

  private func message(
    _ event: ScheduleSpec.Hook.Event, _ record: RunRecord, _ report: Report, _ fault: Faults?
  ) -> JSONValue {
    let failed = report.made.failed.map { failure -> JSONValue in
      .object([("item", .string(failure.item.name)), ("faults", .array(failure.faults.map(\.json)))])
    }
    return .object([
      ("event", .string(event.rawValue)), ("pipeline", .string(planner.spec.name)),
      ("file", .string(planner.spec.path)), ("host", .string(PipelineLock.hostName)),
      ("start", .string(RunSettings.isoTime(record.start))),
      ("end", .string(RunSettings.isoTime(record.end))),
      ("seconds", .number(record.seconds)), ("code", .integer(record.code)),
      ("written", .array(report.made.written.map { .string($0) })),
      ("items", .object(report.counts.map { ($0.0, .integer($0.1)) })), ("failed", .array(failed)),
      ("faults", .array(fault?.list.map(\.json) ?? [])), ("classes", .array(report.made.classes.map(\.json))),
    ])
  }
}

extension ScheduledRun.Work {
  /// The newest time in what was written.
  fileprivate mutating func noteNewest(_ plan: ItemPlan) {
    for output in plan.outputs {
      guard let time = output.description.time, let last = time.values.indices.last,
        let date = try? time.date(at: last)
      else { continue }
      let isReal = time.calendar == .standard || time.calendar == .prolepticGregorian
      let seconds = isReal ? time.calendar.microseconds(date).map { Int($0 / 1_000_000) } : nil
      if let before = newestData?.0, before >= date.iso { continue }
      newestData = (date.iso, seconds)
    }
  }
}

extension DigestCache {
  /// Remembers what the stages of an item wrote themselves.
  fileprivate func setReceiptIfAny(_ plan: ItemPlan) {
    if let digest = plan.digest, !plan.mutelyWritten.isEmpty { setReceipt(digest.text, plan.mutelyWritten) }
  }
}

extension Survey.State {
  /// Why an item is not done; nil when there is nothing to be said.
  var reason: String? {
    switch self {
    case .upToDate, .new, .changed: nil
    case .arriving(_, let reason), .open(let reason): reason
    case .failed(let entry, let wait):
      "try \(entry.tries), the next in \(TimeSpan.text(wait)): \(entry.reason)"
    case .putAside(let entry): "after \(entry.tries) tries, since \(entry.last): \(entry.reason)"
    }
  }
}
