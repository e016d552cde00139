/// An output on its way: written under a temporary name in the target's folder, visible under its final name
/// only when `publish` has checked and renamed it.
public final class OutputFile: Sendable {
  public let path: String
  public let definition: FileDefinition

  init(path: String, definition: FileDefinition) { (self.path, self.definition) = (path, definition) }

  /// Removes what dead runs left for this target, opens the temporary file (O_EXCL), defines everything.
  /// - Parameter inputs: the target must be none of these files.
  /// - Throws: `FileError`: `busy` when another process is writing the same target, `cannotWrite`, `refused`.
  public static func create(
    _ path: String, _ definition: FileDefinition, inputs: [FileIdentity]
  ) async throws(FileError) -> OutputFile {
    throw FileError(.unsupported, path: path, "writing is not there yet")
  }

  /// Writes numbers of a variable (coordinates, bounds, small things) through the library.
  public func write(_ name: String, _ values: [Double], start: [Int], count: [Int]) async throws(FileError) {}

  /// Writes the text of a `char` variable whose last dimension is the length.
  public func write(_ name: String, text: [String]) async throws(FileError) {}

  /// A chunk as it stands in the file: shuffled and deflated. Made on any thread.
  public struct EncodedChunk: Sendable {
    let bytes: [UInt8]
    let filterMask: UInt32
  }

  /// Encodes one whole chunk of a variable. `values` are the chunk's elements in the variable's own type and
  /// this machine's order, row-major, the part beyond the edge of the variable filled.
  public func encode(_ name: String, _ values: UnsafeRawBufferPointer) throws(FileError) -> EncodedChunk {
    throw FileError(.unsupported, path: path, "writing is not there yet")
  }

  /// Writes an encoded chunk; `origin` is the index of its first element. Call in the same order every time:
  /// the order decides the bytes of the file.
  public func write(_ name: String, chunkAt origin: [Int], _ chunk: EncodedChunk) async throws(FileError) {}

  /// Closes, opens again and checks, fsyncs, renames, fsyncs the folder.
  public func publish() async throws(FileError) {}

  /// Gives up: closes and removes the temporary file.
  public func discard() async {}
}
