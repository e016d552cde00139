import Kernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// One dimension of a copy: how many elements, and how far apart they are in the source and in the target.
struct CopyAxis: Sendable {
  var count: Int
  var from: Int
  var to: Int

  /// Joins dimensions that follow one another without a gap on both sides: longer runs, fewer calls.
  static func collapsed(_ axes: [CopyAxis]) -> [CopyAxis] {
    var result: [CopyAxis] = []
    for axis in axes where axis.count != 1 {
      if let last = result.last, last.from == axis.count * axis.from, last.to == axis.count * axis.to {
        result[result.count - 1] = CopyAxis(count: last.count * axis.count, from: axis.from, to: axis.to)
      } else {
        result.append(axis)
      }
    }
    return result.isEmpty ? [CopyAxis(count: 1, from: 1, to: 1)] : result
  }
}

/// The memory that elements of a file go to, as float32 or as they are.
@safe struct Sink: @unchecked Sendable {
  enum Kind {
    case floats(FloatTarget, isotach_decoding)
    case bytes(UnsafeMutablePointer<UInt8>)
  }
  let kind: Kind
  /// Bytes of one element of the source.
  let size: Int
  /// Of the target, in elements, one for each dimension.
  let strides: [Int]

  enum Source {
    case plain(UnsafePointer<UInt8>, swap: Bool)
    /// Byte planes of so many elements.
    case shuffled(UnsafePointer<UInt8>, total: Int, swap: Bool)
  }

  /// Copies or decodes a block. Offsets and strides count elements.
  func put(_ source: Source, at from: Int, _ axes: [CopyAxis], to: Int) {
    let axes = CopyAxis.collapsed(axes)
    guard let inner = axes.last, axes.allSatisfy({ $0.count > 0 }) else { return }
    let outer = axes.dropLast()
    var index = [Int](repeating: 0, count: outer.count)
    var (from, to) = (from, to)
    while true {
      run(source, from, inner, to)
      var axis = outer.count - 1
      while axis >= 0 {
        index[axis] += 1
        from += outer[axis].from
        to += outer[axis].to
        if index[axis] < outer[axis].count { break }
        from -= outer[axis].count * outer[axis].from
        to -= outer[axis].count * outer[axis].to
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  private func run(_ source: Source, _ from: Int, _ axis: CopyAxis, _ to: Int) {
    switch (source, kind) {
    case (.plain(let bytes, let swap), .floats(let target, var decoding)):
      decoding.swap = swap ? 1 : 0
      unsafe isotach_decode(
        &decoding, bytes + from * size, axis.from, axis.count, target.values + to, axis.to,
        target.validity.map { unsafe $0 + to })
    case (.shuffled(let planes, let total, let swap), .floats(let target, var decoding)):
      decoding.swap = swap ? 1 : 0
      unsafe isotach_decode_shuffled(
        &decoding, planes, total, from, axis.count, target.values + to, axis.to,
        target.validity.map { unsafe $0 + to })
    case (.plain(let bytes, let swap), .bytes(let target)):
      unsafe isotach_copy_elements(
        bytes + from * size, axis.from, axis.count, size, swap ? 1 : 0, target + to * size, axis.to)
    case (.shuffled, .bytes):
      // Never made: `acceptsShuffled` says no.
      break
    }
  }

  /// True when a block may be given as byte planes: runs are long and without gaps.
  func acceptsShuffled(_ axes: [CopyAxis]) -> Bool {
    guard case .floats = kind else { return false }
    guard let inner = CopyAxis.collapsed(axes).last else { return false }
    return inner.from == 1 && inner.count >= 32
  }

  /// Puts one element everywhere in a block.
  func fill(_ element: [UInt8], swap: Bool, _ counts: [Int], to: Int) {
    guard element.count == size else { return }
    let axes = zip(counts, strides).map { CopyAxis(count: $0, from: 0, to: $1) }
    unsafe element.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe put(.plain(base, swap: swap), at: 0, axes, to: to)
    }
  }
}

extension Decoding {
  /// The kernels' form, for numbers of that type; nil when the type is no number.
  func kernel(_ type: ElementType) -> isotach_decoding? {
    var decoding = isotach_decoding()
    switch type {
    case .int8: decoding.type = Int32(isUnsigned ? ISOTACH_UINT8 : ISOTACH_INT8)
    case .uint8, .char: decoding.type = Int32(ISOTACH_UINT8)
    case .int16: decoding.type = Int32(isUnsigned ? ISOTACH_UINT16 : ISOTACH_INT16)
    case .uint16: decoding.type = Int32(ISOTACH_UINT16)
    case .int32: decoding.type = Int32(isUnsigned ? ISOTACH_UINT32 : ISOTACH_INT32)
    case .uint32: decoding.type = Int32(ISOTACH_UINT32)
    case .int64: decoding.type = Int32(isUnsigned ? ISOTACH_UINT64 : ISOTACH_INT64)
    case .uint64: decoding.type = Int32(ISOTACH_UINT64)
    case .float32: decoding.type = Int32(ISOTACH_FLOAT32)
    case .float64: decoding.type = Int32(ISOTACH_FLOAT64)
    case .enumeration(let base, _): return kernel(base)
    default: return nil
    }
    // Compared in the type of the packed number: a double 1e20 means the float nearest to it.
    func own(_ value: Double) -> Double { type == .float32 ? Double(Float(value)) : value }
    let values = missing.filter { !$0.isNaN }
    guard values.count <= Int(ISOTACH_MAX_MISSING) else { return nil }
    decoding.missing_count = Int32(values.count)
    withUnsafeMutableBytes(of: &decoding.missing) { memory in
      let list = unsafe memory.bindMemory(to: Double.self)
      for (index, value) in values.enumerated() { unsafe list[index] = own(value) }
    }
    decoding.minimum = validMinimum.map(own) ?? -.infinity
    decoding.maximum = validMaximum.map(own) ?? .infinity
    (decoding.scale, decoding.offset) = (scale, offset)
    return decoding
  }
}

/// Memory for bytes on their way, reused from piece to piece.
@safe final class ScratchBuffer: @unchecked Sendable {
  private(set) var base: UnsafeMutablePointer<UInt8>
  private(set) var capacity: Int

  /// Nil when the system has no memory.
  init?(_ capacity: Int) {
    guard let memory = unsafe malloc(max(64, capacity)) else { return nil }
    unsafe base = memory.assumingMemoryBound(to: UInt8.self)
    self.capacity = max(64, capacity)
  }

  deinit { unsafe free(base) }

  /// Makes room for that many bytes, keeping the first `used`; false when there is no memory.
  func reserve(_ count: Int, keeping used: Int = 0) -> Bool {
    if count <= capacity { return true }
    guard let memory = unsafe malloc(count) else { return false }
    if used > 0 { unsafe memory.copyMemory(from: base, byteCount: used) }
    unsafe free(base)
    unsafe base = memory.assumingMemoryBound(to: UInt8.self)
    capacity = count
    return true
  }
}
