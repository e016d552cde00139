import Synchronization
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

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
  private let released = Mutex(Set<String>())

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
    let missing = other.released.withLock { $0 }
    released.withLock { $0 = missing }
  }

  /// The tensor of that name; nil also when its numbers were given back.
  public subscript(_ name: String) -> Operand<Float>? {
    guard !released.withLock({ $0.contains(name) }) else { return nil }
    return layout[name].map { self[$0] }
  }

  /// Whether the numbers of all tensors are there.
  public var isComplete: Bool { released.withLock { $0.isEmpty } }

  /// Gives the memory of a tensor back to the system, as far as it is whole pages. For who holds what was made of its
  /// numbers, and knows that nobody else wants them.
  func release(_ name: String) {
    guard let entry = layout[name], released.withLock({ $0.insert(name).inserted }) else { return }
    #if os(Linux)
      let page = UInt(max(1, sysconf(CInt(_SC_PAGESIZE))))
      let start = UInt(bitPattern: unsafe self[entry].pointer)
      let (first, last) = ((start + page - 1) / page * page, (start + UInt(entry.shape.bytes)) / page * page)
      guard first < last else { return }
      _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: first), Int(last - first), MADV_DONTNEED)
    #endif
  }

  public subscript(_ entry: ParameterLayout.Entry) -> Operand<Float> {
    unsafe Operand(
      entry.shape,
      UnsafeMutableBufferPointer(rebasing: all[entry.offset..<entry.offset + entry.shape.count]))
  }
}
