import Kernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What another program shall find when this one starts it. It always finds no signal blocked and none ignored that we
/// ignore: a queue's thread blocks signals and a child inherits that, so that neither its limits nor we would reach it.
package struct ChildProcess: ~Copyable {
  private var actions = posix_spawn_file_actions_t()
  private var attributes = posix_spawnattr_t()
  private var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF

  package init() {
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    var none = sigset_t()
    var defaults = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigemptyset(&defaults)
    for number in [SIGALRM, SIGIO, SIGPIPE, SIGXCPU, SIGXFSZ] { unsafe sigaddset(&defaults, number) }
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
  }

  deinit {
    // What is destroyed must be variable.
    var (actions, attributes) = (actions, attributes)
    unsafe posix_spawn_file_actions_destroy(&actions)
    unsafe posix_spawnattr_destroy(&attributes)
  }

  /// The child finds our descriptor under this number.
  package mutating func give(_ descriptor: Int32, as number: Int32) {
    unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, number)
  }

  /// The child finds this file open under this number.
  package mutating func open(_ path: String, _ flags: Int32, as number: Int32) {
    unsafe posix_spawn_file_actions_addopen(&actions, number, path, flags, 0)
  }

  /// The child finds no other descriptors of ours.
  package mutating func close(from number: Int32) {
    unsafe isotach_close_from(&actions, number)
  }

  /// The child leads a group of processes of its own.
  package mutating func ownGroup() {
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    flags |= POSIX_SPAWN_SETPGROUP
  }

  /// - Parameters:
  ///   - program: a path.
  ///   - arguments: with the program's name as the first.
  ///   - environment: `NAME=value`; ours when nil.
  /// - Returns: 0 or the system's error number, and the child.
  package mutating func start(
    _ program: String, _ arguments: [String], environment: [String]? = nil
  ) -> (status: Int32, child: pid_t) {
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    var child: pid_t = 0
    let status = unsafe Self.withCStrings(arguments) { arguments in
      guard let environment else {
        return unsafe posix_spawn(
          &child, program, &actions, &attributes, arguments, isotach_environment())
      }
      return unsafe Self.withCStrings(environment) {
        unsafe posix_spawn(&child, program, &actions, &attributes, arguments, $0)
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
}
