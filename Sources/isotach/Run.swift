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
      """)
  @OptionGroup var options: PipelineOptions

  @Option(help: ArgumentHelp("Do the items i, i+n, i+2n, ... counted from 0.", valueName: "i/n"))
  var shard: String?

  @Flag(help: "Leave out what was made from the same inputs by the same pipeline.") var newOnly = false
  @Flag(
    help: """
      Let a training that was stopped or killed go on from its last saved state; the result is the same, bit for \
      bit, as without the break.
      """) var resume = false
  @Flag(help: "No story on standard error.") var quiet = false

  func validate() throws {
    if shard != nil, parsedShard == nil {
      throw ValidationError("--shard needs i/n with 0 <= i < n, found `\(shard ?? "")`")
    }
  }

  private var parsedShard: (index: Int, count: Int)? {
    let parts = (shard ?? "").split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count > 0, index >= 0, index < count
    else { return nil }
    return (index, count)
  }

  func run() async throws {
    try await options.reporting {
      let planner = try options.planner()
      var settings = PipelineRun.Options()
      settings.shard = parsedShard
      settings.newOnly = newOnly
      settings.resumes = resume
      let story = Story(isQuiet: quiet)
      let run = PipelineRun(planner, settings) { story.tell($0) }
      let task = Task { try await run.run() }
      Stopping.catchSignals { task.cancel() }
      let result = await task.result
      story.end()
      if let code = Stopping.code, case .failure = result {
        Output.complain("isotach: stopped by a signal; nothing half-written is left")
        throw ExitCode(code.rawValue)
      }
      try show(try result.get(), story)
    }
  }

  private func show(_ report: PipelineRun.Report, _ story: Story) throws {
    let failed = report.failed.flatMap(\.faults)
    if options.json {
      Output.print(
        JSONValue.object([
          ("code", .integer(Int(report.code?.rawValue ?? 0))),
          ("written", .array(report.written.map { .string($0) })),
          ("upToDate", .integer(report.upToDate)), ("failed", .array(failed.map(\.json))),
          ("scores", .array(report.scores.map { $0.score.json(item: $0.item) })),
          ("seconds", .number(report.seconds)), ("bytesRead", .integer(report.fileBytes)),
        ]).text)
    } else {
      for path in report.written { Output.print(path.escapedForDisplay) }
      for (item, scores) in report.tables {
        Output.print((item.map { "\($0)\n" } ?? "") + ScoreTable.text(scores))
      }
    }
    if report.written.isEmpty, report.scores.isEmpty, report.failed.isEmpty {
      story.say(report.upToDate > 0 ? "nothing new" : "nothing to do")
    }
    if let code = report.code {
      Output.complain(
        "\(report.failed.count) items failed: "
          + report.failed.map { ($0.item.stem ?? "").escapedForDisplay }.joined(separator: ", "))
      throw ExitCode(code.rawValue)
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
