import Basics
import Dispatch
import Kernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Runs `isotach __walk` on a file and turns its death into an error.
package enum FileWalker {
  /// The program to run; nil finds it: `ISOTACH_WALKER`, this program when it is `isotach`, or the `isotach`
  /// beside it.
  package static var executable: String? {
    get { chosen.withLock { $0 } }
    set { chosen.withLock { $0 = newValue } }
  }

  private static let chosen = Mutex<String?>(nil)
  /// Files that this process has had walked.
  private static let known = Mutex<Set<Key>>([])
  private static let queue = DispatchQueue(label: "isotach.walk", attributes: .concurrent)

  private struct Key: Hashable {
    let identity: FileIdentity
    let route: ReadPolicy.Route
    let folders: [String]
  }

  /// - Throws: `FileError`, `damaged` when the child dies or finds fault with the file.
  static func walk(_ raw: RawFile, _ policy: ReadPolicy) async throws(FileError) {
    let key = Key(identity: raw.identity, route: policy.route, folders: policy.externalFolders)
    if known.withLock({ $0.contains(key) }) { return }
    guard let program = program() else {
      throw FileError(
        .inputOutput, path: raw.path, "the program `isotach`, which checks HDF5 files, is not found",
        remedy: "put it beside this program or name it in ISOTACH_WALKER")
    }
    // Waiting for a child blocks a thread: not one of Swift's few.
    let failure: FileError? = await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: run(program, raw, policy)) }
    }
    if let failure { throw failure }
    known.withLock {
      if $0.count > 100_000 { $0.removeAll() }
      _ = $0.insert(key)
    }
  }

  private static func program() -> String? {
    if let executable { return executable }
    if let named = unsafe getenv("ISOTACH_WALKER") { return unsafe String(cString: named) }
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
    guard count > 0 else { return nil }
    let own = text(of: buffer[..<count].map { UInt8(bitPattern: $0) })
    if own.hasSuffix("/isotach") || own.hasSuffix("/isotach (deleted)") { return "/proc/self/exe" }
    let beside = FilePaths.folder(own) + "/isotach"
    return access(beside, X_OK) == 0 ? beside : nil
  }

  // MARK: The child

  static func run(_ program: String, _ raw: RawFile, _ policy: ReadPolicy) -> FileError? {
    func failed(_ what: String, _ number: Int32) -> FileError {
      FileError(
        .inputOutput, path: raw.path,
        "the process that checks this file cannot be started (\(what): \(systemMessage(number)))")
    }
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { return failed("pipe", errno) }
    defer { close(ends[0]) }
    let (status, child) = spawn(program, raw, policy, output: ends[1])
    close(ends[1])
    guard status == 0 else { return failed(program, status) }

    let (output, isLate) = collect(ends[0], seconds: policy.walkPatience)
    if isLate { kill(child, SIGKILL) }
    var state: Int32 = 0
    while unsafe waitpid(child, &state, 0) < 0, errno == EINTR {}
    return verdict(output, state: state, isLate: isLate, raw, policy)
  }

  private static func spawn(
    _ program: String, _ raw: RawFile, _ policy: ReadPolicy, output: Int32
  ) -> (Int32, pid_t) {
    var child = ChildProcess()
    child.give(output, as: 1)
    // It reads the very file that is open here, whatever its path has come to mean.
    child.give(raw.descriptor, as: 3)
    child.open("/dev/null", O_RDONLY, as: 0)
    child.open("/dev/null", O_WRONLY, as: 2)
    child.close(from: 4)
    let arguments =
      [
        "isotach", FileWalk.command, "/proc/self/fd/3", String(max(1, policy.walkMemory)),
        String(max(1, policy.walkSeconds)), String(max(1, policy.walkPatience)),
        policy.route == .library ? "library" : "fast",
      ] + policy.externalFolders.map { FilePaths.real($0) ?? $0 }
    // Nothing else of our environment is the child's business.
    var environment = ["SWIFT_BACKTRACE=enable=no"]
    for name in ["LD_LIBRARY_PATH", "LD_PRELOAD", "ASAN_OPTIONS", "TSAN_OPTIONS"] {
      if let value = unsafe getenv(name) { environment.append("\(name)=\(unsafe String(cString: value))") }
    }
    return child.start(program, arguments, environment: environment)
  }

  /// What the child prints until it ends, or until its time is over.
  private static func collect(_ descriptor: Int32, seconds: Int) -> (output: [UInt8], isLate: Bool) {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(min(max(1, seconds), 1 << 30))
    while true {
      let left = (deadline - clock.now).components
      guard left.seconds >= 0, left.attoseconds >= 0 else { return (output, true) }
      let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = unsafe poll(&request, 1, Int32(clamping: milliseconds))
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return (output, true) }
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0, output.count < 1 << 16 else { return (output, false) }
      output += buffer[..<count]
    }
  }

  private static func verdict(
    _ output: [UInt8], state: Int32, isLate: Bool, _ raw: RawFile, _ policy: ReadPolicy
  ) -> FileError? {
    let signal = state & 0x7F
    let code = state >> 8 & 0xFF
    let remedy = "the file is damaged, or made to do harm; fetch or write it again"
    if isLate || signal == SIGALRM {
      return FileError(
        .inputOutput, path: raw.path,
        "the process that checks this file has not ended after \(policy.walkPatience) s",
        remedy: "try again when the disk and the machine have less to do")
    }
    if signal == SIGXCPU {
      return FileError(
        .damaged, path: raw.path,
        "the HDF5 library needs more than \(policy.walkSeconds) s of processor time to examine it",
        remedy: remedy)
    }
    if signal != 0 {
      return FileError(
        .damaged, path: raw.path, "the HDF5 library crashes on this file (signal \(signal))", remedy: remedy)
    }
    if code == 0 { return nil }
    let line = text(of: output).split(separator: "\n").first.map(String.init) ?? ""
    if code == 1, let error = FileWalk.Report.error(line, path: raw.path) { return error }
    return FileError(
      .inputOutput, path: raw.path, "the process that checks this file ended with code \(code)",
      remedy: "is it `isotach` of the same version?")
  }
}
