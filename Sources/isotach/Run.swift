import Basics
import GridFiles
import ArgumentParser
import Pipelines

#if canImport(Glibc)
  import Glibc
#endif

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a pipeline.",
    discussion: """
      Prints the path of each file that it wrote, and the scores of `evaluate` as a table; with --json one object \
      with both. A file is there complete, or not at all.

      With --new-only, as a scheduler starts it, nothing is printed away from a terminal unless something fails: what \
      is there already is seen from the outputs, which bear a digest of the inputs, the plan and the model they were \
      made from. One such run goes on at a time (exit 75 says who has the lock), an item that fails does not stop the \
      others (exit 2), is tried again later and put aside in the end. `isotach status` shows what there is to do.
      """)
  @OptionGroup var options: PipelineOptions

  @Option(help: ArgumentHelp("Do the items i, i+n, i+2n, ... counted from 0.", valueName: "i/n"))
  var shard: String?

  @Flag(
    help: "Leave out what was made from the same inputs, plan and model; wait for files that still arrive.")
  var newOnly = false
  @Option(
    help: ArgumentHelp(
      "With --new-only: make so many items at most. [default: the pipeline's]", valueName: "n"))
  var limit: Int?
  @Option(
    help:
      "With --new-only: which items are made first, oldest or newest. [default: the pipeline's, or oldest]")
  var order: String?
  @Flag(help: "With --new-only: try again what failed or was put aside, now.") var retryFailed = false
  @Flag(help: "With --new-only: read every input from end to end, whatever earlier runs knew of it.")
  var reread = false
  @Flag(help: "With --new-only: tell the story also away from a terminal.") var verbose = false
  @Flag(
    help: """
      Let a training that was stopped or killed go on from its last saved state; the result is the same, bit for \
      bit, as without the break.
      """) var resume = false
  @Flag(
    help: "No story on standard error; with --new-only, also none of a run that finds another one going on.")
  var quiet = false

  func validate() throws {
    if shard != nil, parsedShard == nil {
      throw ValidationError("--shard needs i/n with 0 <= i < n, found `\(shard ?? "")`")
    }
    if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more, found \(limit)") }
    if let order, ScheduleSpec.Order(rawValue: order) == nil {
      throw ValidationError("--order is oldest or newest, found `\(order)`")
    }
    if !newOnly {
      for (name, isGiven) in [
        ("--limit", limit != nil), ("--order", order != nil), ("--retry-failed", retryFailed),
        ("--reread", reread), ("--verbose", verbose),
      ] where isGiven { throw ValidationError("\(name) goes with --new-only") }
    }
  }

  private var parsedShard: (index: Int, count: Int)? {
    let parts = (shard ?? "").split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count > 0, index >= 0, index < count
    else { return nil }
    return (index, count)
  }

  func run() async throws {
    guard !newOnly else { return try await runScheduled() }
    try await options.reporting {
      let story = Story(isQuiet: quiet)
      let run = PipelineRun(try options.planner(), runOptions) { story.tell($0) }
      try show(try await stoppable(story) { try await run.run() })
    }
  }

  private var runOptions: PipelineRun.Options {
    var settings = PipelineRun.Options()
    settings.shard = parsedShard
    settings.resumes = resume
    return settings
  }

  /// Ends in good order when the process is told to stop.
  private func stoppable<R: Sendable>(_ story: Story, _ body: @escaping @Sendable () async throws -> R)
    async throws
    -> R
  {
    let task = Task { try await body() }
    Stopping.catchSignals { task.cancel() }
    let result = await task.result
    story.end()
    if let code = Stopping.code, case .failure = result {
      Output.complain("isotach: stopped by a signal; nothing half-written is left")
      throw ExitCode(code.rawValue)
    }
    return try result.get()
  }

  private func show(_ report: PipelineRun.Report) throws {
    if options.json {
      Output.print(JSONValue.object(json(report, code: report.code?.rawValue ?? 0)).text)
    } else {
      list(report)
    }
    if report.written.isEmpty, report.scores.isEmpty, report.failed.isEmpty, !quiet {
      Output.complain("nothing to do")
    }
    try complain(report, code: report.code?.rawValue ?? 0)
  }

  private func json(_ report: PipelineRun.Report, code: Int32) -> [(String, JSONValue)] {
    [
      ("code", .integer(Int(code))), ("written", .array(report.written.map { .string($0) })),
      ("failed", .array(report.failed.flatMap(\.faults).map(\.json))),
      ("scores", .array(report.scores.map { $0.score.json(item: $0.item) })),
      ("seconds", .number(report.seconds)), ("bytesRead", .integer(report.fileBytes)),
    ]
  }

  private func list(_ report: PipelineRun.Report) {
    for path in report.written { Output.print(path.escapedForDisplay) }
    for (item, scores) in report.tables {
      Output.print((item.map { "\($0)\n" } ?? "") + ScoreTable.text(scores))
    }
  }

  private func complain(_ report: PipelineRun.Report, code: Int32) throws {
    if report.failed.count > 1 || (code == 2 && !report.failed.isEmpty) {
      Output.complain(
        "\(report.failed.count) items failed: "
          + report.failed.map { ($0.item.stem ?? "").escapedForDisplay }.joined(separator: ", "))
    }
    if code != 0 { throw ExitCode(code) }
  }

  // MARK: as a scheduler starts it

  private func runScheduled() async throws {
    let tells = !quiet && !options.json && (verbose || isatty(STDERR_FILENO) == 1)
    try await options.reporting(isQuiet: { quiet && $0.code == .busy }) {
      var settings = ScheduledRun.Options()
      (settings.run, settings.limit, settings.retriesFailed, settings.rereads) =
        (runOptions, limit, retryFailed, reread)
      settings.order = order.flatMap(ScheduleSpec.Order.init)
      let story = Story(isQuiet: !tells)
      let run = ScheduledRun(try options.planner(), settings) { story.tell($0) }
      let report = try await stoppable(story) { try await run.run() }
      for fault in report.hookFaults { Output.complain(fault.description) }
      if options.json {
        let left = report.left.map { left -> JSONValue in
          .object([
            ("item", .string(left.name)), ("state", .string(left.state)), ("reason", .string(left.reason)),
          ])
        }
        let done = report.counts.first { $0.0 == "done" }?.1 ?? 0
        Output.print(
          JSONValue.object(
            json(report.made, code: report.code) + [
              ("upToDate", .integer(max(0, done - report.items))),
              ("items", .object(report.counts.map { ($0.0, .integer($0.1)) })), ("left", .array(left)),
              ("classes", .array(report.made.classes.map(\.json))),
              ("hooks", .array(report.hookFaults.map(\.json))),
            ]
          ).text)
      } else if tells {
        list(report.made)
        for left in report.left where left.state != "failed" {
          Output.complain("\(left.state)  \(left.name): \(left.reason)".escapedForDisplay)
        }
        if report.made.written.isEmpty, report.made.failed.isEmpty { Output.complain("nothing new") }
      }
      try complain(report.made, code: report.code)
    }
  }
}

/// What a run tells on standard error while it goes on.
private final class Story: Sendable {
  private let isQuiet: Bool
  private let isTerminal: Bool

  init(isQuiet: Bool) {
    self.isQuiet = isQuiet
    let terminal = Machine.environment("TERM")
    isTerminal = isatty(STDERR_FILENO) == 1 && terminal != nil && terminal != "dumb"
  }

  func say(_ line: String) { if !isQuiet { Output.complain(line) } }

  func tell(_ event: PipelineRun.Event) {
    switch event {
    case .item(let item, let number, let count):
      say("[\(number)/\(count)] \(item.stem ?? "")".escapedForDisplay)
    case .planned: break
    case .note(let note): say("\(note.level)  \(note.subject): \(note.text)".escapedForDisplay)
    case .line(let line): say(line.escapedForDisplay)
    case .stageProgress(let done, let count, let text):
      guard isTerminal, !isQuiet, count > 0 else { return }
      let line = "\(min(done, count) * 100 / count) %  \(text)".escapedForDisplay.prefix(79)
      Output.showProgress("\r\(line)\u{1b}[K" + (done >= count ? "\r\u{1b}[K" : ""))
    case .itemFailed(_, let faults): Output.complain(Faults(faults).description)
    case .progress(let done, let count):
      guard isTerminal, !isQuiet, count > 1, done == count || done * 100 / count != (done - 1) * 100 / count
      else { return }
      Output.showProgress("\r\(done * 100 / count) %" + (done == count ? "\r     \r" : ""))
    }
  }

  /// Leaves a clean line behind.
  func end() { if isTerminal, !isQuiet { Output.showProgress("\r\u{1b}[K") } }
}
