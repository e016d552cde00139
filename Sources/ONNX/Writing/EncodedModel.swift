import Basics
import Compute
import Networks
import SwiftProtobuf

/// The bytes of a model file in pieces: the numbers of its parameters stay where they are until they are written, so that
/// a large model needs no second memory of its size.
struct EncodedModel {
  private enum Piece {
    case bytes([UInt8])
    /// float32, little-endian.
    case numbers(Operand<Float>)

    var count: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .numbers(let numbers): 4 * numbers.count
      }
    }
  }
  private let pieces: [Piece]

  /// - Parameters:
  ///   - model: with a graph that lacks the numbers of its parameters.
  ///   - parameters: these, in their order.
  /// - Throws: `BinaryEncodingError` of the protobuf library.
  init(_ model: Onnx_ModelProto, _ parameters: [(name: String, numbers: Operand<Float>)]) throws {
    // A message is its fields one after another, in any order: the graph comes last, and in it the parameters.
    var head = model
    head.clearGraph()
    let graph: [UInt8] = try model.graph.serializedBytes()
    var tail: [Piece] = []
    for (name, numbers) in parameters {
      var tensor = Onnx_TensorProto()
      (tensor.name, tensor.dataType) = (name, ElementType.float32.rawValue)
      tensor.dims = numbers.shape.extents.map { Int64($0) }
      let own: [UInt8] = try tensor.serializedBytes()
      let start = own + Self.field(9, 4 * numbers.count)
      tail.append(.bytes(Self.field(5, start.count + 4 * numbers.count) + start))
      tail.append(.numbers(numbers))
    }
    let size = graph.count + tail.reduce(0) { $0 + $1.count }
    let first: [UInt8] = try head.serializedBytes()
    pieces = [.bytes(first + Self.field(7, size) + graph)] + tail
  }

  /// How a field of a given length begins.
  private static func field(_ number: UInt8, _ length: Int) -> [UInt8] {
    var bytes = [number << 3 | 2]
    var rest = UInt64(clamping: length)
    while rest > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(truncatingIfNeeded: rest)]
  }

  /// Writes all pieces.
  /// - Returns: the SHA-256 of the whole.
  func write(to file: borrowing TemporaryFile) throws(FileError) -> String {
    var hash = SHA256()
    var offset = 0
    func put(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
      hash.update(bytes)
      try file.write(bytes, at: offset)
      offset += bytes.count
    }
    func put(_ bytes: [UInt8]) throws(FileError) {
      let result = unsafe bytes.withUnsafeBytes { bytes -> Result<Void, FileError> in
        do throws(FileError) { return .success(try put(bytes)) } catch { return .failure(error) }
      }
      try result.get()
    }
    for piece in pieces {
      switch piece {
      case .bytes(let bytes): try put(bytes)
      case .numbers(let numbers):
        #if _endian(little)
          try put(UnsafeRawBufferPointer(numbers.values))
        #else
          for index in 0..<numbers.count {
            let bits = numbers[index].bitPattern
            try put((0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt32($0))) })
          }
        #endif
      }
    }
    return SHA256.hex(hash.digest())
  }
}
