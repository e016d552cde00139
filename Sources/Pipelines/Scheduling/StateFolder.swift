import Basics
import GridFiles

#if canImport(Glibc)
  import Glibc
#endif

/// Where a scheduled pipeline keeps its lock and what one run leaves for the next. All of it but the lock may be lost:
/// what has been done is seen from the outputs.
///
/// The place depends on the pipeline and its settings alone, never on the environment, so that two runs of one pipeline
/// find the same lock: `.isotach/NAME` in the pipeline's folder (with the first digits of a digest of the settings when
/// there are any), or the key `state`.
struct StateFolder: Sendable {
  let path: String

  init(_ spec: PipelineSpec) {
    if let place = spec.schedule.state {
      path = spec.resolved(place.text)
      return
    }
    let name = spec.path.split(separator: "/").last.map(String.init) ?? "pipeline"
    var suffix = ""
    if !spec.settings.isEmpty {
      let text = spec.parameters.map { "\($0.name)=\($0.value)\n" }.joined()
      suffix = "-" + SHA256.hexDigest(of: Array(text.utf8)).prefix(8)
    }
    path = spec.resolved(".isotach/" + name + suffix)
  }

  func file(_ name: String) -> String { path + "/" + name }

  /// Makes the folder and those above it.
  func make() throws(Fault) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      guard unsafe mkdir(made, 0o777) == 0 else {
        if errno == EEXIST { continue }
        let reason = systemReason(errno)
        throw Fault(
          .cannotWrite, "the folder of the pipeline's state cannot be made: \(reason)", file: path,
          remedy: "name another one: `schedule: {state: /var/lib/isotach/NAME}`")
      }
      // Whatever the umask: its owner can use it, which the next run needs.
      var status = stat()
      if unsafe stat(made, &status) == 0 { unsafe chmod(made, status.st_mode & 0o777 | 0o700) }
    }
  }

  /// Puts a file in place at once.
  /// - Parameter isLasting: false: it may be lost, whole, when the machine loses its power.
  static func write(_ bytes: [UInt8], to path: String, isLasting: Bool = false) throws(FileError) {
    let file = try TemporaryFile.create(path)
    try file.write(bytes)
    try file.publish(isLasting: isLasting)
  }
}

/// A small text put in place at once.
public enum TextFile {
  public static func write(_ text: String, to path: String) throws(Faults) {
    do throws(FileError) { try StateFolder.write(Array(text.utf8), to: path) } catch {
      throw Faults(Fault(error))
    }
  }
}
