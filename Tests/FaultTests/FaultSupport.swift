import Foundation
import GridFiles
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// A small run to be disturbed: one input, one stage, one output with a few dozen chunks.
struct SmallRun {
  let folder: TemporaryFolder
  let pipeline: String
  /// What the run writes when nothing happens.
  let complete: Data
  /// What stands under the output's name before.
  static let old = Data("an older output".utf8)
  static let (times, rows, columns) = (24, 60, 120)

  var output: String { folder.path("out/new.nc") }

  /// Makes the input and runs the pipeline once, undisturbed.
  init() async throws {
    folder = try TemporaryFolder()
    try await Self.writeInput(folder.path("in.nc"))
    pipeline = try folder.write(Self.text(output: "out/new.nc"), to: "p.yaml")
    guard let binary = Isotach.binary else { throw MissingData("isotach is not built") }
    let result = try Command.run(
      [binary, "run", pipeline, "--threads", "2"], environment: Self.environment, timeout: 60)
    guard result.exit == 0, let data = FileManager.default.contents(atPath: folder.path("out/new.nc")) else {
      throw MissingData("an undisturbed run ends with \(result.status): \(result.stderr)")
    }
    complete = data
  }

  /// So that the same bytes come out whenever it is run.
  static let environment = ["SOURCE_DATE_EPOCH": "1700000000"]

  static func text(output: String) -> String {
    """
    name: disturbed
    inputs:
      field: {files: in.nc, variable: tas}
    stages:
      - rename: {input: field, names: {tas: temperature}, as: renamed}
    outputs:
      - {input: renamed, file: "\(output)"}
    metadata: {title: A run that is disturbed, institution: none}

    """
  }

  func putOldFile() throws { try Self.old.write(to: URL(fileURLWithPath: output)) }

  enum State { case old, complete, other(String) }
  var state: State {
    guard let data = FileManager.default.contents(atPath: output) else { return .other("no file") }
    if data == Self.old { return .old }
    return data == complete ? .complete : .other("\(data.count) bytes of \(complete.count)")
  }

  /// The old file or the new one, nothing between. Nil when so, else what is there.
  var halfWritten: String? {
    if case .other(let what) = state { what } else { nil }
  }

  /// Runs it, under another program where `wrapper` names one.
  func run(_ wrapper: [String] = [], threads: Int = 2, timeout: Double = 60) throws -> Command.Result {
    guard let binary = Isotach.binary else { throw MissingData("isotach is not built") }
    return try Command.run(
      wrapper + [binary, "run", pipeline, "--threads", "\(threads)"], environment: Self.environment,
      timeout: timeout)
  }

  /// Names in the output's folder other than the output's.
  var litter: [String] { folder.contents("out").filter { $0 != "new.nc" } }

  static func writeInput(_ path: String) async throws {
    let file = try await OutputFile.create(
      path,
      FileDefinition(
        dimensions: [
          Dimension(name: "time", length: times, isUnlimited: true), Dimension(name: "lat", length: rows),
          Dimension(name: "lon", length: columns),
        ],
        attributes: [Attribute("Conventions", "CF-1.11")],
        variables: [
          VariableDefinition(
            name: "time", type: .float64, dimensions: ["time"],
            attributes: [
              Attribute("standard_name", "time"), Attribute("units", "days since 2000-01-01"),
              Attribute("calendar", "standard"), Attribute("axis", "T"),
            ], chunks: [512]),
          VariableDefinition(
            name: "lat", type: .float64, dimensions: ["lat"],
            attributes: [
              Attribute("standard_name", "latitude"), Attribute("units", "degrees_north"),
              Attribute("axis", "Y"),
            ]),
          VariableDefinition(
            name: "lon", type: .float64, dimensions: ["lon"],
            attributes: [
              Attribute("standard_name", "longitude"), Attribute("units", "degrees_east"),
              Attribute("axis", "X"),
            ]),
          VariableDefinition(
            name: "tas", type: .float32, dimensions: ["time", "lat", "lon"],
            attributes: [
              Attribute("standard_name", "air_temperature"), Attribute("long_name", "air temperature"),
              Attribute("units", "K"),
            ], fill: .float32([1e20]), chunks: [1, rows, columns], deflate: 1, shuffle: true),
        ]), inputs: [])
    try await file.write("time", (0..<times).map { Double($0) + 0.5 }, start: [0], count: [times])
    try await file.write("lat", (0..<rows).map { -88.5 + 3 * Double($0) }, start: [0], count: [rows])
    try await file.write("lon", (0..<columns).map { 1.5 + 3 * Double($0) }, start: [0], count: [columns])
    var state: UInt32 = 1
    for time in 0..<times {
      let values = (0..<rows * columns).map { _ -> Float in
        state = state &* 1_664_525 &+ 1_013_904_223
        return 250 + Float(state >> 16) / 1024
      }
      let chunk = try values.withUnsafeBytes { try file.encode("tas", $0) }
      try await file.write("tas", chunkAt: [time, 0, 0], chunk)
    }
    try await file.publish()
  }
}

/// What a test needs of the machine.
enum Needs {
  static let isotach = Isotach.binary != nil
  static let strace = isotach && Peers.hasTool("strace") && canTrace
  static let straceReason: Comment =
    "strace is not installed or not allowed here, or isotach is not built: skipped"
  static let isRoot = geteuid() == 0

  /// In some containers tracing is forbidden.
  private static var canTrace: Bool {
    guard Peers.hasTool("strace"),
      let result = try? Command.run(["strace", "-o", "/dev/null", "true"], timeout: 10)
    else { return false }
    return result.exit == 0
  }
}

/// A command on a thread of its own: other tests may hold all threads that tasks run on.
final class Background: @unchecked Sendable {
  private let done = DispatchSemaphore(value: 0)
  // Written before `done` is signalled, read after it.
  private var outcome: Result<Command.Result, any Error>?

  init(_ body: @escaping @Sendable () throws -> Command.Result) {
    Thread.detachNewThread {
      self.outcome = Result(catching: body)
      self.done.signal()
    }
  }

  func result() throws -> Command.Result {
    done.wait()
    guard let outcome else { throw MissingData("the command gave no result") }
    return try outcome.get()
  }
}
