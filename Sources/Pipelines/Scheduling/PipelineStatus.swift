import Basics
import GridFiles
import Stages

/// The state of a scheduled pipeline, as `isotach status` shows it: what the outputs say, and what the last run left.
public struct PipelineStatus: Sendable {
  public struct Entry: Sendable {
    public let name: String
    public let state: String
    public let reason: String?
  }
  private let planner: Planner
  private let holder: PipelineLock.Holder?
  private let last: RunRecord?
  private let counts: [(String, Int)]
  /// Everything that is not done.
  private let entries: [Entry]
  private let lag: Double
  private let stateFolder: String

  /// Looks without a lock and changes nothing. Of the inputs those are read that have an output, or have failed, and
  /// that no run has read yet.
  public init(_ planner: Planner) async throws(Faults) {
    self.planner = planner
    guard planner.spec.faults.isEmpty else { throw Faults(planner.spec.faults) }
    let folder = StateFolder(planner.spec)
    stateFolder = folder.path
    holder = PipelineLock.currentHolder(folder)
    last = RunRecord(folder)
    let survey = Survey(planner, cache: DigestCache(folder.file("cache")))
    let book = FailureBook(folder)
    let found = try await survey.find()
    var entries = found.unreadable.map { file in
      let entry = book.entries[file.path]
      return Entry(
        name: file.path,
        state: file.faults.isEmpty
          ? "arriving" : entry?.isPutAside(planner.spec.schedule) == true ? "quarantined" : "failed",
        reason: entry?.reason ?? file.faults.first?.description)
    }
    var done = 0
    var lag = 0.0
    for item in found.items {
      let state = try await survey.state(item, book)
      await planner.forget(item)
      if case .upToDate = state {
        done += 1
        continue
      }
      entries.append(Entry(name: item.name, state: state.name, reason: state.reason))
      for path in item.ownFiles {
        lag = max(lag, FileStamp(ofFileAt: path)?.age(at: Uptime.clock) ?? 0)
      }
    }
    self.entries = entries
    self.lag = lag
    counts = Survey.State.names.map { name in
      (name, name == "done" ? done : entries.count { $0.state == name })
    }
  }

  public var json: JSONValue {
    .object([
      ("pipeline", .string(planner.spec.name)), ("file", .string(planner.spec.path)),
      ("state", .string(stateFolder)), ("running", holder?.json ?? .null), ("last", last?.json ?? .null),
      ("lag", .number(lag)), ("items", .object(counts.map { ($0.0, .integer($0.1)) })),
      (
        "left",
        .array(
          entries.map {
            .object([
              ("item", .string($0.name)), ("state", .string($0.state)), ("reason", .text($0.reason)),
            ])
          })
      ),
    ])
  }

  public var text: String {
    var lines = ["pipeline      \(planner.spec.name) (\(planner.spec.path))"]
    lines.append("running       " + (holder?.text ?? "no"))
    if let last {
      lines.append(
        "last run      \(RunSettings.isoTime(last.end)), exit \(last.code), \(Self.seconds(last.seconds)), "
          + "\(last.written) files written")
      lines.append("last success  " + (last.lastSuccess.map { RunSettings.isoTime($0) } ?? "none yet"))
      if let newest = last.newestData { lines.append("newest data   \(newest)") }
    } else {
      lines.append("last run      none yet")
    }
    lines.append("lag           \(TimeSpan.text(lag))")
    let present = counts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
    lines.append("items         " + (present.isEmpty ? "none" : present.joined(separator: ", ")))
    for count in last?.classes ?? [] where count.isDetection {
      lines.append(
        "detected      \(count.meaning): \(count.count) \(count.isObjects ? count.subject : "cells of \(count.subject)")"
      )
    }
    for entry in entries.prefix(50) {
      let reason = entry.reason?.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: "; ")
      lines.append("\(entry.state)  \(entry.name)" + (reason.map { ": \($0)" } ?? ""))
    }
    if entries.count > 50 { lines.append("and \(entries.count - 50) more: --json lists all") }
    return lines.map(\.escapedForDisplay).joined(separator: "\n")
  }

  private static func seconds(_ seconds: Double) -> String {
    seconds < 60 ? "\((seconds * 100).rounded() / 100) s" : TimeSpan.text(seconds)
  }
}
