import Basics
import CHDF5
import Dispatch
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
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    // A queue's thread blocks signals, and a child inherits that: its limits would not reach it.
    var none = sigset_t()
    var defaults = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigemptyset(&defaults)
    for number in [SIGXCPU, SIGALRM, SIGPIPE] { unsafe sigaddset(&defaults, number) }
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    // The child reads the very file that is open here, whatever its path has come to mean.
    unsafe posix_spawn_file_actions_adddup2(&actions, raw.descriptor, 3)
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    unsafe isotach_close_from(&actions, 4)
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
    var child: pid_t = 0
    let status = unsafe withCStrings(arguments) { arguments in
      unsafe withCStrings(environment) { environment in
        unsafe posix_spawn(&child, program, &actions, &attributes, arguments, environment)
      }
    }
    return (status, child)
  }

  private static func withCStrings<R>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() { unsafe list[index] = strdup(string) }
    unsafe list[strings.count] = nil
    defer {
      for index in strings.indices { unsafe free(list[index]) }
      unsafe list.deallocate()
    }
    return unsafe body(list)
  }

  /// What the child prints until it ends, or until its time is over.
  private static func collect(_ descriptor: Int32, seconds: Int) -> (output: [UInt8], isLate: Bool) {
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    let deadline = DispatchTime.now() + .seconds(max(1, seconds))
    while true {
      let now = DispatchTime.now()
      guard now < deadline else { return (output, true) }
      let left = (deadline.uptimeNanoseconds - now.uptimeNanoseconds) / 1_000_000 + 1
      var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = unsafe poll(&request, 1, Int32(clamping: left))
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
