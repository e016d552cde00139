import Tensors

/// The one form that data have between files: the values of a region, and which of them are valid.
///
/// Row-major over the region's extents. Where `validity` is 0 the value is NaN; where it is 1 the value must
/// be finite, which is checked before anything is written. A block has one owner at a time: who is given it
/// to change may change it in place, nobody else holds it then.
@safe public final class Block: @unchecked Sendable {
  public let region: Region
  private let tensor: Tensor
  private let mask: UnsafeMutableBufferPointer<UInt8>

  /// A block whose values are not set and whose validity is not set.
  public init(uninitialized region: Region) throws(ShapeError) {
    let shape = try Shape(region.extents)
    tensor = try Tensor(uninitialized: shape)
    unsafe mask = .allocate(capacity: shape.count)
    self.region = region
  }

  /// A block with all values missing.
  public convenience init(missing region: Region) throws(ShapeError) {
    try self.init(uninitialized: region)
    unsafe values.update(repeating: .nan)
    unsafe validity.update(repeating: 0)
  }

  deinit { unsafe mask.deallocate() }

  public func clone() throws(ShapeError) -> Block {
    let copy = try Block(uninitialized: region)
    _ = unsafe copy.values.update(fromContentsOf: values)
    _ = unsafe copy.validity.update(fromContentsOf: validity)
    return copy
  }

  /// The same numbers under another region of the same extents (a selection that only moves the origin).
  public var count: Int { tensor.shape.count }
  /// float32, row-major over variable, time, layer, row, column. Valid as long as the block lives.
  public var values: UnsafeMutableBufferPointer<Float> { unsafe tensor.storage }
  /// 1 valid, 0 missing; same layout.
  public var validity: UnsafeMutableBufferPointer<UInt8> { unsafe mask }

  /// Bytes in memory of a block of that region.
  public static func bytes(_ region: Region) -> Int { region.count * 5 + 256 }

  /// Where map (variable, time, layer), counted from the region's own start, begins.
  public func mapOffset(_ variable: Int, _ time: Int, _ layer: Int) -> Int {
    ((variable * region.times.count + time) * region.layers.count + layer) * region.mapCount
  }
}
