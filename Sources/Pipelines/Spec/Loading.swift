import Basics
import GridFiles
import Stages

#if canImport(Glibc)
  import Glibc
#endif

extension PipelineSpec {
  /// Reads and decodes a pipeline; opens nothing but its file.
  /// - Parameter settings: values of `--set name=value`.
  /// - Throws: when the text is no pipeline at all; other faults are in the result.
  public static func load(_ path: String, settings: [(name: String, value: String)] = []) throws(Faults)
    -> PipelineSpec
  {
    let text: [UInt8]
    do throws(FileError) {
      text = try readSmallFile(path, limit: YAMLReader.maximumBytes)
    } catch {
      throw Faults(Fault(error))
    }
    return try decode(text, path: path, settings: settings)
  }

  /// Decodes a pipeline; opens nothing.
  /// - Parameters:
  ///   - path: what faults call the text; relative paths start from its folder.
  ///   - settings: values of `--set name=value`.
  /// - Throws: when the text is no pipeline at all; other faults are in the result.
  ///   - item: what `{stem}` and `{window}` stand for; nil: they are left open.
  public static func decode(
    _ text: [UInt8], path: String, settings: [(name: String, value: String)], item: String? = nil
  ) throws(Faults) -> PipelineSpec {
    let root: ConfigValue?
    let duplicates: [PlanError]
    do throws(PlanError) {
      (root, duplicates) = try YAMLReader.read(text)
    } catch {
      throw Faults(Fault(error, pipeline: path))
    }
    guard let root else {
      throw Faults(Fault(.badPipeline, "the file holds no pipeline", pipeline: path))
    }
    var decoder = SpecDecoder(path: path, folder: folder(of: path), text: text, duplicates: duplicates)
    if let spec = decoder.decode(root, settings: settings, item: item) { return spec }
    throw Faults(decoder.faults.map { Fault($0, pipeline: path) })
  }

  /// The pipeline for one item: `{stem}` and `{window}` in its stages stand for the item's name.
  func named(_ item: String) throws(Faults) -> PipelineSpec {
    try Self.decode(text, path: path, settings: settings, item: item)
  }

  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A path of the pipeline: absolute, or from the folder of the YAML file.
  func resolved(_ path: String) -> String {
    path.hasPrefix("/") || folder == "." ? path : folder + "/" + path
  }
}

/// The bytes of a regular file, one more than `limit` at most.
func readSmallFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
  guard descriptor >= 0 else {
    let reason = errno
    throw FileError(
      reason == ENOENT || reason == ENOTDIR ? .missing : .inputOutput, path: path, systemReason(reason))
  }
  defer { close(descriptor) }
  var status = stat()
  guard unsafe fstat(descriptor, &status) == 0 else {
    throw FileError(.inputOutput, path: path, systemReason(errno))
  }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw FileError(.refused, path: path, "it is not a regular file")
  }
  // Files of /proc have no size.
  var bytes = [UInt8](repeating: 0, count: min(limit, max(4096, Int(clamping: status.st_size))) + 1)
  var count = 0
  while true {
    if count == bytes.count {
      guard count <= limit else { break }
      bytes += [UInt8](repeating: 0, count: min(limit + 1 - count, count))
    }
    let room = bytes.count - count
    let got = unsafe bytes.withUnsafeMutableBytes {
      unsafe read(descriptor, $0.baseAddress.map { unsafe $0 + count }, room)
    }
    if got < 0, errno == EINTR { continue }
    guard got >= 0 else { throw FileError(.inputOutput, path: path, systemReason(errno)) }
    if got == 0 { break }
    count += got
  }
  bytes.removeSubrange(count...)
  return bytes
}

/// The system's own words for an error number.
func systemReason(_ number: Int32) -> String {
  unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
}
