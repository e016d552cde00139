#if canImport(Glibc)
  import Glibc
#endif
import Basics
import Tensors

/// A safetensors file that is open for reading. Its header has been read and checked; numbers are read when
/// they are asked for, straight to where they are wanted. (Read, not mapped: a file that another process makes
/// shorter is then an error and not a signal.)
public final class SafeTensorsFile: Sendable {
  public let path: String
  public let header: SafeTensorsHeader
  /// The size of the file in bytes.
  public let fileBytes: Int
  private let descriptor: CInt
  private let places: [String: Int]

  public var tensors: [StoredTensor] { header.tensors }

  /// Opens the file and reads its header, whatever is wrong with the table of tensors: see `header.problems`.
  /// - Throws: `ModelError`: `missing`, `inputOutput`, and `damaged` when there is no header in it.
  public static func inspect(_ path: String) throws(ModelError) -> SafeTensorsFile {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      throw ModelError(
        code == ENOENT || code == ENOTDIR ? .missing : .inputOutput, path: path,
        "it cannot be opened: \(SystemReason.text(code))")
    }
    do throws(ModelError) {
      return try SafeTensorsFile(path, descriptor)
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// Opens a file with which all is right.
  /// - Throws: `ModelError`, the first thing that is wrong.
  public static func open(_ path: String) throws(ModelError) -> SafeTensorsFile {
    let file = try inspect(path)
    if let problem = file.header.problems.first { throw problem }
    return file
  }

  /// True when the first bytes of a file can be those of a safetensors file.
  public static func isLikely(_ path: String) -> Bool {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 9)
    guard pread(descriptor, &bytes, 9, 0) == 9 else { return false }
    return bytes[8] == UInt8(ascii: "{") && Self.length(bytes) <= UInt64(SafeTensorsHeader.largest)
  }

  private static func length(_ bytes: [UInt8]) -> UInt64 {
    bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private init(_ path: String, _ descriptor: CInt) throws(ModelError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ModelError(.damaged, path: path, "this is no regular file")
    }
    (self.path, self.descriptor, fileBytes) = (path, descriptor, Int(status.st_size))
    guard fileBytes >= 10 else {
      throw ModelError(
        .damaged, path: path, "the file is too short for a safetensors file", found: "\(fileBytes) bytes")
    }
    var start = [UInt8](repeating: 0, count: 8)
    try Self.read(descriptor, path, nil, &start, at: 0)
    let length = Self.length(start)
    guard length <= UInt64(SafeTensorsHeader.largest), length <= UInt64(fileBytes - 8) else {
      throw ModelError(
        .damaged, path: path, "the length of the header",
        expected: "at most \(min(SafeTensorsHeader.largest, fileBytes - 8)) bytes", found: "\(length)")
    }
    var json = [UInt8](repeating: 0, count: Int(length))
    try Self.read(descriptor, path, nil, &json, at: 8)
    header = try SafeTensorsHeader(json: json, path: path, fileBytes: fileBytes)
    places = Dictionary(
      header.tensors.enumerated().map { ($0.element.name, $0.offset) },
      uniquingKeysWith: { first, _ in first })
  }

  deinit { close(descriptor) }

  /// The text of a key of `__metadata__`.
  public func metadata(_ name: String) -> String? { header.metadata.first { $0.name == name }?.text }

  public subscript(name: String) -> StoredTensor? { places[name].map { header.tensors[$0] } }

  /// The tensor of that name.
  /// - Throws: `ModelError` when there is none, or its extents are not `extents`.
  public func find(_ name: String, extents: [Int]? = nil) throws(ModelError) -> StoredTensor {
    guard let tensor = self[name] else {
      throw ModelError(
        .mismatch, path: path, subject: printable(name, limit: 200), "the file has no such tensor")
    }
    if let extents, extents != tensor.extents {
      throw ModelError(
        .mismatch, path: path, subject: printable(name, limit: 200), "its shape", expected: "\(extents)",
        found: "\(tensor.extents)")
    }
    return tensor
  }

  /// A tensor as float32: F64, F16, BF16, I64 and U8 are converted (rounded to nearest).
  public func floats(_ name: String, extents: [Int]? = nil) throws(ModelError) -> [Float] {
    let tensor = try find(name, extents: extents)
    var values = [Float](repeating: 0, count: tensor.count)
    try fill(tensor, &values)
    return values
  }

  /// A tensor as float32, rank 0 to 5.
  public func tensor(_ name: String, extents: [Int]? = nil) throws(ModelError) -> Tensor {
    let stored = try find(name, extents: extents)
    do {
      let shape = try Shape(stored.extents)
      let tensor = try Tensor(uninitialized: shape)
      try read(stored, into: UnsafeMutableBufferPointer(rebasing: tensor.storage[0..<shape.count]))
      return tensor
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError(.unsupported, path: path, subject: printable(name, limit: 200), "\(error)")
    }
  }

  /// A tensor of F64 or F32 as doubles.
  public func doubles(_ name: String) throws(ModelError) -> [Double] {
    let tensor = try find(name)
    guard tensor.type == .float64 else { return try floats(name).map(Double.init) }
    return try bits(tensor, as: UInt64.self).map { Double(bitPattern: UInt64(littleEndian: $0)) }
  }

  /// A tensor of I64.
  public func integers(_ name: String) throws(ModelError) -> [Int64] {
    let tensor = try find(name)
    try demand(tensor, .int64)
    return try bits(tensor, as: Int64.self).map { Int64(littleEndian: $0) }
  }

  /// A tensor of U8.
  public func bytes(_ name: String) throws(ModelError) -> [UInt8] {
    let tensor = try find(name)
    try demand(tensor, .uint8)
    return try bits(tensor, as: UInt8.self)
  }

  /// Reads a tensor into memory of exactly its count, converted to float32.
  package func read(_ tensor: StoredTensor, into target: UnsafeMutableBufferPointer<Float>) throws(ModelError)
  {
    guard target.count == tensor.count else {
      throw ModelError(
        .mismatch, path: path, subject: printable(tensor.name, limit: 200), "its count of numbers",
        expected: "\(target.count)", found: "\(tensor.count)")
    }
    if tensor.type == .float32 {
      try Self.read(
        descriptor, path, tensor.name, UnsafeMutableRawBufferPointer(target),
        at: header.dataOffset + tensor.range.lowerBound)
      return
    }
    switch tensor.type {
    case .float32: break
    case .float64:
      for (index, bits) in try bits(tensor, as: UInt64.self).enumerated() {
        target[index] = Float(Double(bitPattern: UInt64(littleEndian: bits)))
      }
    case .int64:
      for (index, bits) in try bits(tensor, as: Int64.self).enumerated() {
        target[index] = Float(Int64(littleEndian: bits))
      }
    case .uint8:
      for (index, byte) in try bits(tensor, as: UInt8.self).enumerated() { target[index] = Float(byte) }
    case .bfloat16:
      for (index, bits) in try bits(tensor, as: UInt16.self).enumerated() {
        target[index] = Float(bitPattern: UInt32(UInt16(littleEndian: bits)) << 16)
      }
    case .float16:
      for (index, bits) in try bits(tensor, as: UInt16.self).enumerated() {
        target[index] = halfToFloat(UInt16(littleEndian: bits))
      }
    }
  }

  private func fill(_ tensor: StoredTensor, _ values: inout [Float]) throws(ModelError) {
    let result = values.withUnsafeMutableBufferPointer { target -> Result<Void, ModelError> in
      do throws(ModelError) { return .success(try read(tensor, into: target)) } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  private func demand(_ tensor: StoredTensor, _ type: StoredType) throws(ModelError) {
    guard tensor.type == type else {
      throw ModelError(
        .mismatch, path: path, subject: printable(tensor.name, limit: 200), "its dtype",
        expected: type.rawValue, found: tensor.type.rawValue)
    }
  }

  private func bits<Bits: FixedWidthInteger>(_ tensor: StoredTensor, as type: Bits.Type) throws(ModelError)
    -> [Bits]
  {
    var values = [Bits](repeating: 0, count: tensor.count)
    let offset = header.dataOffset + tensor.range.lowerBound
    let result = values.withUnsafeMutableBytes { target -> Result<Void, ModelError> in
      do throws(ModelError) {
        return .success(try Self.read(descriptor, path, tensor.name, target, at: offset))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    return values
  }

  private static func read(
    _ descriptor: CInt, _ path: String, _ subject: String?, _ bytes: inout [UInt8], at offset: Int
  ) throws(ModelError) {
    let result = bytes.withUnsafeMutableBytes { target -> Result<Void, ModelError> in
      do throws(ModelError) { return .success(try read(descriptor, path, subject, target, at: offset)) } catch
      {
        return .failure(error)
      }
    }
    try result.get()
  }

  private static func read(
    _ descriptor: CInt, _ path: String, _ subject: String?, _ target: UnsafeMutableRawBufferPointer,
    at offset: Int
  ) throws(ModelError) {
    var done = 0
    while done < target.count {
      let count = pread(
        descriptor, target.baseAddress.map { $0 + done }, target.count - done, off_t(offset + done))
      if count > 0 {
        done += count
        continue
      }
      let code = errno
      if count < 0, code == EINTR { continue }
      throw ModelError(
        count == 0 ? .damaged : .inputOutput, path: path, subject: subject.map { printable($0, limit: 200) },
        count == 0 ? "the file has become shorter" : "it cannot be read: \(SystemReason.text(code))")
    }
  }
}

/// IEEE 754 half precision, by bits: the type `Float16` is not on every machine that Swift runs on.
func halfToFloat(_ bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10) & 31
  let fraction = UInt32(bits & 0x3FF)
  switch exponent {
  case 0:
    let magnitude = Float(fraction) * 0x1p-24
    return Float(bitPattern: magnitude.bitPattern | sign)
  case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
  default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
  }
}
