import Basics
import Networks

#if canImport(Glibc)
  import Glibc
#endif

/// Numbers of a tensor that lie in a file beside the model. Only a file in the model's own folder or below it is opened, and no
/// link is followed on the way: a model that someone sends cannot name other files of the machine.
enum ExternalData {
  /// Where the numbers are said to lie.
  private struct Place {
    var parts: [String]
    /// For messages.
    var shown: String
    var offset: Int
  }

  /// - Throws: when what the model says of the place cannot be true or is not allowed. The file is not looked at.
  static func check(_ tensor: Onnx_TensorProto, count: Int) throws(NodeError) { _ = try place(tensor, count) }

  private static func place(_ tensor: Onnx_TensorProto, _ count: Int) throws(NodeError) -> Place {
    var entries: [String: String] = [:]
    for entry in tensor.externalData { entries[entry.key] = entry.value }
    guard let location = entries["location"], !location.isEmpty else {
      throw NodeError(.damaged, "its numbers are said to lie in another file, which is not named")
    }
    let shown = printable(location, limit: 200)
    let parts = location.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard !location.hasPrefix("/"), !location.contains("\0"), !location.contains("\\"),
      parts.allSatisfy({ $0 != ".." })
    else {
      throw NodeError(
        .damaged, "its numbers are said to lie in `\(shown)`, which is outside of the model's folder")
    }
    func number(_ key: String) throws(NodeError) -> Int? {
      guard let text = entries[key] else { return nil }
      guard let value = Int(text), value >= 0 else {
        throw NodeError(
          .damaged, "the \(key) of its numbers in `\(shown)` is `\(printable(text, limit: 40))`")
      }
      return value
    }
    let offset = try number("offset") ?? 0
    let length = try number("length") ?? count
    guard length == count else {
      throw NodeError(.damaged, "it needs \(count) bytes, and its part of `\(shown)` has \(length)")
    }
    return Place(parts: parts.filter { !$0.isEmpty && $0 != "." }, shown: shown, offset: offset)
  }

  static func bytes(_ tensor: Onnx_TensorProto, count: Int, model path: String) throws(NodeError) -> [UInt8] {
    let place = try place(tensor, count)
    let (steps, shown, offset) = (place.parts, place.shown, place.offset)
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    var descriptor = Glibc.open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw NodeError(.damaged, "the folder of the model cannot be opened") }
    defer { close(descriptor) }
    for (index, step) in steps.enumerated() {
      let kind = index == steps.count - 1 ? O_NONBLOCK : O_DIRECTORY
      let next = openat(descriptor, step, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind)
      guard next >= 0 else {
        let code = errno
        throw NodeError(
          .damaged,
          "its numbers lie in `\(shown)`, which cannot be opened: "
            + (code == ELOOP ? "a symbolic link is not followed" : SystemReason.text(code)))
      }
      close(descriptor)
      descriptor = next
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw NodeError(.damaged, "`\(shown)`, where its numbers are said to lie, is no regular file")
    }
    let (end, overflow) = offset.addingReportingOverflow(count)
    guard !overflow, end <= Int(status.st_size) else {
      throw NodeError(
        .damaged,
        "its bytes \(offset) to \(overflow ? "beyond all" : "\(end)") lie outside of `\(shown)` with \(status.st_size)"
      )
    }
    do throws(ModelError) { return try OnnxFile.read(descriptor, shown, offset..<end) } catch {
      throw NodeError(.damaged, error.description)
    }
  }
}
