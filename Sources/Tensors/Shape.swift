/// The extents of a tensor, outermost first: rank 0 (a number) to 5.
public struct Shape: Sendable, Hashable, CustomStringConvertible {
  public let extents: [Int]
  /// The number of elements: the product of the extents, 1 for rank 0.
  public let count: Int

  /// - Throws: `ShapeError` when the rank is above 5, an extent is negative, or there are too many elements.
  public init(_ extents: [Int]) throws(ShapeError) {
    guard extents.count <= 5 else { throw .rank(extents) }
    // Without the extents of 0, so that no product of some of the extents overflows either.
    var product = 1
    for extent in extents {
      guard extent >= 0 else { throw .negative(extents) }
      let (next, overflow) = product.multipliedReportingOverflow(by: max(1, extent))
      guard !overflow, next <= Self.mostElements else { throw .overflow(extents) }
      product = next
    }
    self.extents = extents
    count = extents.contains(0) ? 0 : product
  }

  /// So that bytes, even of thousands of tensors or of a workspace for each of a thousand threads, can be counted in
  /// `Int`.
  private static let mostElements = 1 << 46

  private init(unchecked extents: [Int], count: Int) { (self.extents, self.count) = (extents, count) }

  /// One number: rank 0.
  public static let scalar = Shape(unchecked: [], count: 1)

  public var rank: Int { extents.count }
  public var description: String { "[" + extents.map(String.init).joined(separator: " x ") + "]" }
}

/// What can be wrong with the extents of a tensor.
public enum ShapeError: Error, Sendable, Hashable, CustomStringConvertible {
  case rank([Int])
  case negative([Int])
  case overflow([Int])
  case memory(bytes: Int)

  public var description: String {
    switch self {
    case .rank(let extents): "a tensor has at most 5 dimensions, found \(extents.count): \(extents)"
    case .negative(let extents): "a dimension cannot be negative: \(extents)"
    case .overflow(let extents): "the number of elements of \(extents) is too large: it must be at most 2^46"
    case .memory(let bytes): "no memory for a tensor of \(bytes) bytes"
    }
  }
}
