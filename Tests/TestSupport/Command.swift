import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Runs programs for tests: with a time limit, both outputs caught, and the signal told when one killed it.
public enum Command {
  public struct Result: Sendable {
    /// The exit code; nil when a signal ended the program.
    public let exit: Int32?
    public let signal: Int32?
    public let stdout: String
    public let stderr: String
    public let seconds: Double
    public let didTimeOut: Bool
    /// `exit 65`, `signal 11` or `time limit`, for messages.
    public var status: String {
      if didTimeOut { return "time limit" }
      if let signal { return "signal \(signal)" }
      return "exit \(exit ?? -1)"
    }
  }

  /// - Parameters:
  ///   - arguments: the program, found on the PATH when it has no slash, and its arguments.
  ///   - timeout: seconds, then it is killed.
  public static func run(
    _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:],
    input: String? = nil, timeout: Double = 120
  ) throws -> Result {
    let process = Process()
    guard let program = arguments.first else { throw MissingData("no program is named") }
    if program.contains("/") {
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = Array(arguments.dropFirst())
    } else {
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = arguments
    }
    if let folder { process.currentDirectoryURL = folder }
    if !environment.isEmpty {
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    }
    // Files, not pipes: a program that writes much cannot block, and no reader thread is needed.
    let place = try TemporaryFolder()
    let (out, err) = (place.url("stdout"), place.url("stderr"))
    for url in [out, err] { try Data().write(to: url) }
    process.standardOutput = try FileHandle(forWritingTo: out)
    process.standardError = try FileHandle(forWritingTo: err)
    if let input {
      let url = place.url("stdin")
      try Data(input.utf8).write(to: url)
      process.standardInput = try FileHandle(forReadingFrom: url)
    } else {
      process.standardInput = FileHandle.nullDevice
    }
    let done = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in done.signal() }
    let start = DispatchTime.now().uptimeNanoseconds
    try process.run()
    var didTimeOut = false
    if done.wait(timeout: .now() + timeout) == .timedOut {
      didTimeOut = true
      kill(process.processIdentifier, SIGKILL)
      done.wait()
    }
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    let isSignal = process.terminationReason == .uncaughtSignal
    return Result(
      exit: isSignal ? nil : process.terminationStatus, signal: isSignal ? process.terminationStatus : nil,
      stdout: String(decoding: (try? Data(contentsOf: out)) ?? Data(), as: UTF8.self),
      stderr: String(decoding: (try? Data(contentsOf: err)) ?? Data(), as: UTF8.self),
      seconds: seconds, didTimeOut: didTimeOut)
  }
}

/// A folder of its own under the system's temporary folder, removed with the value.
public final class TemporaryFolder: Sendable {
  public let url: URL

  public init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("isotach-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  public func url(_ name: String) -> URL { url.appendingPathComponent(name) }
  public func path(_ name: String) -> String { url(name).path }

  /// Writes a text file and gives its path.
  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    let target = url(name)
    try FileManager.default.createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: target)
    return target.path
  }

  /// Names of what is in the folder (or one inside it), sorted.
  public func contents(_ name: String = "") -> [String] {
    let folder = name.isEmpty ? url : url(name)
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }
}
