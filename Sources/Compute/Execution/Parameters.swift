import Tensors

/// The numbers that training changes, by path, in one piece of memory: gradients and moments of the same layout
/// lie the same way, so an optimiser is one loop.
public struct ParameterLayout: Sendable, Hashable {
  public struct Entry: Sendable, Hashable {
    public let name: String
    public let shape: Shape
    /// In elements.
    public let offset: Int
  }
  public let entries: [Entry]
  public let count: Int
  private let places: [String: Int]

  /// - Parameter parameters: names must differ; each starts on a cache line.
  public init(_ parameters: [(name: String, shape: Shape)]) throws(ShapeError) {
    var entries: [Entry] = []
    var offset = 0
    var places: [String: Int] = [:]
    for (name, shape) in parameters {
      places[name] = entries.count
      entries.append(Entry(name: name, shape: shape, offset: offset))
      let (end, overflow) = offset.addingReportingOverflow(shape.count)
      // As a tensor: all are one piece of memory.
      guard !overflow, end <= 1 << 46 else { throw .overflow(shape.extents) }
      offset = (end + 15) / 16 * 16
    }
    (self.entries, count, self.places) = (entries, offset, places)
  }

  public subscript(_ name: String) -> Entry? { places[name].map { entries[$0] } }
  public var bytes: Int { count * MemoryLayout<Float>.stride }
}

/// The numbers of a layout. It has one user at a time: who trains changes them, who predicts reads them.
@safe public final class Parameters: @unchecked Sendable {
  public let layout: ParameterLayout
  private let storage: Tensor

  /// All numbers zero.
  public init(_ layout: ParameterLayout) throws(ShapeError) {
    self.layout = layout
    storage = try Tensor(repeating: 0, try Shape([layout.count]))
  }

  public func clone() throws(ShapeError) -> Parameters {
    let copy = try Parameters(layout)
    copy.copy(from: self)
    return copy
  }

  /// All numbers, the gaps between tensors (zeros) included.
  public var all: UnsafeMutableBufferPointer<Float> { unsafe storage.storage }

  public func copy(from other: Parameters) {
    _ = unsafe all.update(fromContentsOf: other.all)
  }

  /// The tensor of that name.
  public subscript(_ name: String) -> Operand<Float>? {
    layout[name].map { self[$0] }
  }

  public subscript(_ entry: ParameterLayout.Entry) -> Operand<Float> {
    unsafe Operand(
      entry.shape,
      UnsafeMutableBufferPointer(rebasing: all[entry.offset..<entry.offset + entry.shape.count]))
  }
}
