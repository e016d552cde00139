import Basics
import Kernels

/// An output on its way: written under a temporary name in the target's folder, visible under its final name
/// only when `publish` has checked and renamed it.
///
/// netCDF-C defines the file; numbers are then written through HDF5: chunks as `encode` made them, on any
/// thread, everything else by the library's own call.
public final class OutputFile: Sendable {
  public let path: String
  public let definition: FileDefinition
  private let layout: FileLayout
  private let file: TemporaryFile
  private let writer: OutputWriter

  private init(
    path: String, definition: FileDefinition, layout: FileLayout, file: TemporaryFile, writer: OutputWriter
  ) {
    (self.path, self.definition, self.layout) = (path, definition, layout)
    (self.file, self.writer) = (file, writer)
  }

  /// Removes what dead runs left for this target, opens the temporary file (O_EXCL), defines everything.
  ///
  /// A missing folder is made, with its parents; it stays when the run fails later. The target may be a
  /// regular file, which `publish` replaces, or nothing yet; symbolic links, folders and devices are refused.
  /// - Parameter inputs: the target must be none of these files.
  /// - Throws: `FileError`: `busy` when another process is writing the same target; `cannotWrite` and
  ///   `inputOutput` with the system's reason; `refused` when the target is one of the inputs or the definition
  ///   is not one of the classic model.
  public static func create(
    _ path: String, _ definition: FileDefinition, inputs: [FileIdentity]
  ) async throws(FileError) -> OutputFile {
    let layout = try FileLayout(definition, path: path)
    let file = try TemporaryFile.create(path, inputs: inputs)
    let writer = await OutputWriter(layout: layout, file: file)
    do throws(FileError) {
      try await writer.begin()
    } catch {
      await writer.abandon()
      file.remove()
      throw error
    }
    return OutputFile(path: path, definition: definition, layout: layout, file: file, writer: writer)
  }

  /// Writes numbers of a variable (coordinates, bounds, small things) through the library.
  /// - Throws: `refused` also when a number does not fit the variable's type.
  public func write(_ name: String, _ values: [Double], start: [Int], count: [Int]) async throws(FileError) {
    let variable = try variable(name)
    var elements = 1
    guard start.count == variable.extents.count, count.count == start.count else {
      throw fault(name, "\(start.count) indices for \(variable.extents.count) dimensions")
    }
    for (extent, (first, number)) in zip(variable.extents, zip(start, count)) {
      guard first >= 0, number >= 0, number <= extent, first <= extent - number else {
        throw fault(name, "from \(start), \(count) elements are more than its extents \(variable.extents)")
      }
      // Not above the variable's own count, which does not overflow.
      elements *= number
    }
    guard values.count == elements else {
      throw fault(name, "\(values.count) numbers were given for \(elements) elements")
    }
    guard let bytes = variable.definition.type.bytes(values) else {
      throw fault(name, "a number does not fit the type \(variable.definition.type.name)")
    }
    try await writer.write(variable, bytes, start: start, count: count)
  }

  /// Writes the text of a `char` variable whose last dimension is the length.
  public func write(_ name: String, text: [String]) async throws(FileError) {
    let variable = try variable(name)
    let length = variable.extents.last ?? 1
    guard variable.definition.type == .char else {
      throw fault(name, "text was given for a variable of type \(variable.definition.type.name)")
    }
    guard length > 0, text.count == variable.count / length else {
      throw fault(name, "\(text.count) texts were given for extents \(variable.extents)")
    }
    var bytes: [UInt8] = []
    for text in text {
      guard text.utf8.count <= length else {
        throw fault(name, "the text \"\(text)\" is longer than \(length) bytes")
      }
      bytes += text.utf8
      bytes += [UInt8](repeating: 0, count: length - text.utf8.count)
    }
    try await writer.write(
      variable, bytes, start: variable.extents.map { _ in 0 }, count: variable.extents)
  }

  /// A chunk as it stands in the file: shuffled and deflated. Made on any thread.
  public struct EncodedChunk: Sendable {
    let bytes: [UInt8]
    let filterMask: UInt32
    /// Bytes in the file.
    public var size: Int { bytes.count }
  }

  /// Encodes one whole chunk of a variable. `values` are the chunk's elements in the variable's own type and
  /// this machine's order, row-major, the part beyond the edge of the variable filled.
  public func encode(_ name: String, _ values: UnsafeRawBufferPointer) throws(FileError) -> EncodedChunk {
    let variable = try variable(name)
    guard variable.chunkCount > 0, values.count == variable.chunkBytes else {
      throw fault(name, "\(values.count) bytes were given for a chunk of \(variable.chunkBytes)")
    }
    guard
      let (bytes, filterMask) = ChunkEncoder.shared.encode(
        values, elementSize: variable.elementSize, shuffle: variable.definition.shuffle,
        level: variable.definition.deflate)
    else { throw FileError(.inputOutput, path: path, subject: name, "there is no memory for compressing") }
    return EncodedChunk(bytes: bytes, filterMask: filterMask)
  }

  /// Memory that `encode` needs beside the values, its result included, in bytes.
  public func encodingBytes(_ name: String) -> Int {
    guard let variable = layout[name], variable.chunkCount > 0 else { return 0 }
    // The shuffled copy, the result, and the compressor's tables (largest at levels 8 and 9).
    return 2 * variable.chunkBytes + (variable.definition.deflate == nil ? 0 : 1 << 20)
  }

  /// Writes an encoded chunk; `origin` is the index of its first element. Call in the same order every time:
  /// the order decides the bytes of the file.
  public func write(_ name: String, chunkAt origin: [Int], _ chunk: EncodedChunk) async throws(FileError) {
    let variable = try variable(name)
    guard let shape = variable.definition.chunks, origin.count == shape.count,
      zip(origin, shape).allSatisfy({ $0 >= 0 && $0 % $1 == 0 }),
      zip(origin, variable.extents).allSatisfy({ $0 < $1 })
    else { throw fault(name, "no chunk begins at \(origin)") }
    try await writer.write(variable, chunkAt: origin, chunk.bytes, filterMask: chunk.filterMask)
  }

  /// Closes, opens again and checks, fsyncs, renames, fsyncs the folder. When that fails the temporary file is
  /// removed and what stood under the target's name is as it was.
  ///
  /// The file gets the permissions of the file that it replaces, or those that the umask leaves.
  public func publish() async throws(FileError) {
    do throws(FileError) {
      try await writer.finish()
      try file.publish()
    } catch {
      await discard()
      throw error
    }
  }

  /// Gives up: closes and removes the temporary file. Does nothing after `publish`.
  public func discard() async {
    await writer.abandon()
    file.remove()
  }

  /// Unlinks the temporary files of all outputs of this process. May be called in a signal handler.
  package static func removeAllTemporaries() { isotach_temporaries_unlink() }

  private func variable(_ name: String) throws(FileError) -> FileLayout.Variable {
    guard let variable = layout[name] else { throw fault(name, "the output has no such variable") }
    return variable
  }

  private func fault(_ name: String, _ cause: String) -> FileError {
    FileError(.refused, path: path, subject: name, cause)
  }
}

extension ElementType {
  /// The numbers as elements of this type; nil when one does not fit.
  fileprivate func bytes(_ values: [Double]) -> [UInt8]? {
    func integers<T: FixedWidthInteger>(_: T.Type) -> [UInt8]? {
      var elements: [T] = []
      elements.reserveCapacity(values.count)
      for value in values {
        guard let element = T(exactly: value) else { return nil }
        elements.append(element)
      }
      return elements.withUnsafeBytes { Array($0) }
    }
    switch self {
    case .int8: return integers(Int8.self)
    case .int16: return integers(Int16.self)
    case .int32: return integers(Int32.self)
    case .float32:
      let elements = values.map { Float($0) }
      guard zip(elements, values).allSatisfy({ $0.isFinite || !$1.isFinite }) else { return nil }
      return elements.withUnsafeBytes { Array($0) }
    case .float64: return values.withUnsafeBytes { Array($0) }
    default: return nil
    }
  }
}
