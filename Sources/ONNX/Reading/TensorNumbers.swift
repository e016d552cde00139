import Networks
import Tensors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The numbers of a tensor of a file: checked when made, read when asked for.
struct TensorNumbers: Sendable {
  let type: ElementType
  let shape: Shape
  private var tensor: Onnx_TensorProto
  private var hasNumbers = true
  /// The model's file, beside which external numbers lie.
  private let path: String
  /// Where its bytes are that the message lacks.
  private let stored: StoredBytes?

  /// - Throws: when the type is not read here, an extent is negative, or the bytes are not what the extents demand.
  init(_ tensor: Onnx_TensorProto, path: String, stored: StoredBytes? = nil) throws(NodeError) {
    guard let type = ElementType(rawValue: tensor.dataType) else {
      throw NodeError(.unsupported, "numbers of the type \(ElementType.title(tensor.dataType)) are not read")
    }
    guard !tensor.hasSegment else { throw NodeError(.unsupported, "tensors in segments are not read") }
    let shape: Shape
    do { shape = try Shape(tensor.dims.map { Int($0) }) } catch {
      throw NodeError(error.isRank ? .unsupported : .damaged, error.description)
    }
    (self.type, self.shape, self.tensor, self.path) = (type, shape, tensor, path)
    self.stored = stored
    let found: Int
    var wanted = shape.count
    if isExternal {
      try ExternalData.check(tensor, count: shape.count * type.bytes)
      return
    } else if isRaw {
      (found, wanted) = (stored?.range.count ?? tensor.rawData.count, shape.count * type.bytes)
    } else {
      found =
        switch type {
        case .float32: tensor.floatData.count
        case .float64: tensor.doubleData.count
        case .int64: tensor.int64Data.count
        case .uint32, .uint64: tensor.uint64Data.count
        default: tensor.int32Data.count
        }
    }
    guard found == wanted else {
      throw NodeError(
        .damaged,
        "its extents \(shape) of \(type.name) need \(wanted) \(isRaw ? "bytes" : "numbers"), found \(found)"
      )
    }
  }

  /// The name, type and shape alone, for whoever has read the numbers and does not want to hold them twice.
  var withoutNumbers: TensorNumbers {
    var copy = self
    copy.tensor = Onnx_TensorProto()
    copy.tensor.name = tensor.name
    copy.hasNumbers = false
    return copy
  }

  var name: String { tensor.name }
  private var isRaw: Bool { stored != nil || tensor.hasRawData }
  var isExternal: Bool { tensor.dataLocation == .external }
  /// The file beside the model that holds the numbers.
  var file: String? {
    isExternal ? tensor.externalData.first { $0.key == "location" }?.value ?? "" : nil
  }

  /// All numbers exactly; what is beyond 2^53 rounded.
  func doubles() throws(NodeError) -> [Double] {
    try expectNumbers()
    if !isExternal, !isRaw {
      switch type {
      case .float32: return tensor.floatData.map { Double($0) }
      case .float64: return tensor.doubleData
      case .int64: return tensor.int64Data.map { Double($0) }
      case .uint32, .uint64: return tensor.uint64Data.map { Double($0) }
      case .float16:
        return tensor.int32Data.map { Double(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) }
      case .bfloat16:
        return tensor.int32Data.map { Double(Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16)) }
      default: return tensor.int32Data.map { Double($0) }
      }
    }
    let bytes = try raw()
    switch type {
    case .float32: return words(bytes) { Double(Float(bitPattern: $0)) }
    case .float64: return words(bytes) { (bits: UInt64) in Double(bitPattern: bits) }
    case .float16: return words(bytes) { (bits: UInt16) in Double(Float16(bitPattern: bits)) }
    case .bfloat16: return words(bytes) { (bits: UInt16) in Double(Float(bitPattern: UInt32(bits) << 16)) }
    case .uint8: return words(bytes) { (bits: UInt8) in Double(bits) }
    case .bool: return words(bytes) { (bits: UInt8) in bits == 0 ? 0 : 1 }
    case .int8: return words(bytes) { (bits: UInt8) in Double(Int8(bitPattern: bits)) }
    case .uint16: return words(bytes) { (bits: UInt16) in Double(bits) }
    case .int16: return words(bytes) { (bits: UInt16) in Double(Int16(bitPattern: bits)) }
    case .uint32: return words(bytes) { (bits: UInt32) in Double(bits) }
    case .int32: return words(bytes) { (bits: UInt32) in Double(Int32(bitPattern: bits)) }
    case .uint64: return words(bytes) { (bits: UInt64) in Double(bits) }
    case .int64: return words(bytes) { (bits: UInt64) in Double(Int64(bitPattern: bits)) }
    }
  }

  /// All numbers as float32, where they are wanted. The bits of float32 numbers stay as they are.
  func fill(_ target: UnsafeMutableBufferPointer<Float>) throws(NodeError) {
    try expectNumbers()
    guard type == .float32 else {
      for (index, number) in try doubles().enumerated() { unsafe target[index] = Float(number) }
      return
    }
    if !isExternal, !isRaw {
      _ = unsafe target.update(fromContentsOf: tensor.floatData)
      return
    }
    if !isExternal, let stored {
      // Straight to where they are wanted.
      try unsafe stored.read(into: UnsafeMutableRawBufferPointer(target))
    } else {
      let bytes = try raw()
      unsafe bytes.withUnsafeBytes { source in
        _ = unsafe UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
      }
    }
    #if _endian(big)
      for index in target.indices {
        unsafe target[index] = Float(bitPattern: UInt32(littleEndian: target[index].bitPattern))
      }
    #endif
  }

  private func expectNumbers() throws(NodeError) {
    guard hasNumbers else {
      throw NodeError(.unsupported, "its numbers are not held any more, and the graph depends on them")
    }
  }

  /// As many bytes as the extents need, little endian.
  private func raw() throws(NodeError) -> Data {
    guard isExternal else {
      guard let stored else { return tensor.rawData }
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: stored.range.count, alignment: 8)
      defer { unsafe bytes.deallocate() }
      try unsafe stored.read(into: bytes)
      return unsafe Data(bytes)
    }
    return Data(try ExternalData.bytes(tensor, count: shape.count * type.bytes, model: path))
  }

  private func words<T: FixedWidthInteger>(_ bytes: Data, _ number: (T) -> Double) -> [Double] {
    unsafe bytes.withUnsafeBytes { raw in
      (0..<shape.count).map { index in
        number(
          T(littleEndian: unsafe raw.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self)))
      }
    }
  }
}

extension ShapeError {
  fileprivate var isRank: Bool { if case .rank = self { true } else { false } }
}
