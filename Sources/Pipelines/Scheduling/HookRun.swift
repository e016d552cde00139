import Basics
import GridFiles
import Kernels

#if canImport(Glibc)
  import Glibc
#endif

/// Runs a program of the user's after a run: its words as they stand in the pipeline, no shell; what happened as one
/// line of JSON on its standard input.
struct HookRun {
  let hook: ScheduleSpec.Hook
  let spec: PipelineSpec

  /// The program as a path: one with a slash from the pipeline's folder, one without from PATH.
  private var program: String? {
    guard let name = hook.words.first else { return nil }
    if name.contains("/") { return unsafe access(spec.resolved(name), X_OK) == 0 ? spec.resolved(name) : nil }
    for folder in (Machine.environment("PATH") ?? "/usr/bin:/bin").split(separator: ":") {
      let path = "\(folder)/\(name)"
      if unsafe access(path, X_OK) == 0, FileStamp(ofFileAt: path) != nil { return path }
    }
    return nil
  }

  /// What is wrong with it, before anything is run.
  var fault: Fault? {
    guard program == nil else { return nil }
    let name = hook.words.first ?? ""
    return Fault(
      .badPipeline, "there is no program `\(name)`" + (name.contains("/") ? "" : " in PATH"),
      pipeline: spec.path,
      at: hook.mark, stage: hook.event.rawValue,
      remedy: name.contains("/")
        ? "is it executable?" : "name it with its folder: cron's PATH is /usr/bin:/bin")
  }

  /// Blocks until it has ended.
  /// - Returns: what went wrong.
  func run(_ event: JSONValue) -> Fault? {
    guard let program else { return fault }
    func failed(_ cause: String) -> Fault {
      Fault(.failed, cause, pipeline: spec.path, at: hook.mark, stage: hook.event.rawValue)
    }
    let (input, output) = (isotach_memory_file(), isotach_memory_file())
    defer {
      if input >= 0 { close(input) }
      if output >= 0 { close(output) }
    }
    guard input >= 0, output >= 0 else { return failed("no file in memory can be made") }
    let text = Array((event.text + "\n").utf8)
    guard unsafe text.withUnsafeBytes({ unsafe pwrite(input, $0.baseAddress, $0.count, 0) }) == text.count
    else {
      return failed("its input cannot be written: \(systemReason(errno))")
    }
    let (status, child) = spawn(program, input, output)
    guard status == 0 else { return failed("`\(program)` cannot be started: \(systemReason(status))") }
    guard let state = wait(child) else {
      return failed(
        "`\(program)` took more than \(TimeSpan.text(spec.schedule.hookLimit)) and was ended" + said(output))
    }
    if state & 0x7F != 0 { return failed("`\(program)` was ended by signal \(state & 0x7F)" + said(output)) }
    let code = state >> 8 & 0xFF
    return code == 0 ? nil : failed("`\(program)` ended with \(code)" + said(output))
  }

  /// The end of what it printed.
  private func said(_ output: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 400)
    let size = lseek(output, 0, SEEK_END)
    let start = max(0, size - off_t(bytes.count))
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(output, $0.baseAddress, $0.count, start) }
    guard count > 0 else { return "" }
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    return ": " + lines.joined(separator: "; ").escapedForDisplay
  }

  private func spawn(_ program: String, _ input: Int32, _ output: Int32) -> (Int32, pid_t) {
    var child = ChildProcess()
    child.give(input, as: 0)
    child.give(output, as: 1)
    child.give(output, as: 2)
    // So that what it starts can be ended with it.
    child.ownGroup()
    return child.start(program, hook.words)
  }

  /// How it ended; nil when its time was over.
  private func wait(_ child: pid_t) -> Int32? {
    let end = Uptime.seconds + spec.schedule.hookLimit
    var state: Int32 = 0
    var isTold = false
    while true {
      let result = unsafe waitpid(child, &state, WNOHANG)
      if result == child { return isTold ? nil : state }
      if result < 0, errno != EINTR { return nil }
      let now = Uptime.seconds
      if now >= end, !isTold {
        isTold = true
        kill(-child, SIGTERM)
      } else if now >= end + 5 {
        kill(-child, SIGKILL)
      }
      usleep(5_000)
    }
  }
}

extension Planner {
  /// Programs that the schedule names and that are not there.
  public var hookFaults: [Fault] { spec.schedule.hooks.compactMap { HookRun(hook: $0, spec: spec).fault } }
}
