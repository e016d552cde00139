import GridFiles
import Grids
import Stages

/// The chunks of an output, in the one order in which they are written: time, variable, layer, row, column.
struct OutputLayout: Sendable {
  let description: Description
  private(set) var header: EncodedHeader
  /// Extents of a chunk.
  private let time: Int
  private let rows: Int
  private let columns: Int
  private let hasTime: Bool
  private let hasRows: Bool
  /// False for a data set of one cell that is no place: scores.
  private let hasColumns: Bool
  private let layers: [LayerChunk]
  /// Number of chunks along time, variable, layer, row, column.
  let counts: [Int]

  private struct LayerChunk: Sendable {
    let ranges: [Range<Int>]
    let extents: [Int]
    /// From its first to its last layer, counted through all axes.
    let span: Range<Int>
  }

  /// - Throws: `GridError` when the header does not fit the description.
  init(_ description: Description, _ header: EncodedHeader) throws(GridError) {
    (self.description, self.header) = (description, header)
    guard let first = header.data.first, header.data.count == description.variables.count,
      header.data.allSatisfy({ $0.chunks == first.chunks })
    else { throw GridError("the output's variables are not stored alike") }
    hasTime = description.time != nil
    let before = (hasTime ? 1 : 0) + description.layers.count
    let chunks = first.chunks
    guard (before...before + 2).contains(chunks.count),
      chunks.count == before + 2 || description.grid.ny == 1,
      chunks.count > before || description.grid.nx == 1, chunks.allSatisfy({ $0 > 0 })
    else {
      throw GridError("the output's variables have \(chunks.count) dimensions, expected \(before + 2)")
    }
    hasRows = chunks.count == before + 2
    time = hasTime ? chunks[0] : 1
    rows = hasRows ? chunks[before] : 1
    hasColumns = chunks.count > before
    columns = hasColumns ? chunks[chunks.count - 1] : 1
    let axes = description.layers.map(\.count)
    layers = Self.layerChunks(axes, Array(chunks[(hasTime ? 1 : 0)..<before]))
    func number(_ length: Int, _ chunk: Int) -> Int { (length + chunk - 1) / chunk }
    counts = [
      number(description.timeCount, time), description.variables.count, layers.count,
      number(description.grid.ny, rows), number(description.grid.nx, columns),
    ]
  }

  mutating func add(_ attributes: [Attribute]) { header.definition.attributes += attributes }

  private static func layerChunks(_ axes: [Int], _ chunks: [Int]) -> [LayerChunk] {
    var result: [[Range<Int>]] = [[]]
    for (length, chunk) in zip(axes, chunks) {
      let ranges = stride(from: 0, to: length, by: chunk).map { $0..<min($0 + chunk, length) }
      result = result.flatMap { head in ranges.map { head + [$0] } }
    }
    return result.map { ranges in
      var (low, high) = (0, 0)
      for (range, length) in zip(ranges, axes) {
        low = low * length + range.lowerBound
        high = high * length + range.upperBound - 1
      }
      return LayerChunk(ranges: ranges, extents: chunks, span: low..<high + 1)
    }
  }

  /// A run of consecutive chunks that is a box: whole in the levels below `level`.
  struct Run: Sendable {
    /// Along time, variable, layer, row, column.
    let ranges: [Range<Int>]
  }

  /// The output, cut into runs of `size` chunks of a level.
  struct Cut: Sendable, Hashable {
    let level: Int
    let size: Int

    /// One chunk.
    static let smallest = Cut(level: 4, size: 1)
  }

  func runCount(_ cut: Cut) -> Int {
    counts[..<cut.level].reduce(1, *) * ((counts[cut.level] + cut.size - 1) / cut.size)
  }

  func run(_ index: Int, _ cut: Cut) -> Run {
    let pieces = (counts[cut.level] + cut.size - 1) / cut.size
    var ranges = counts.map { 0..<$0 }
    let start = index % pieces * cut.size
    ranges[cut.level] = start..<min(start + cut.size, counts[cut.level])
    var rest = index / pieces
    for level in stride(from: cut.level - 1, through: 0, by: -1) {
      ranges[level] = rest % counts[level]..<rest % counts[level] + 1
      rest /= counts[level]
    }
    return Run(ranges: ranges)
  }

  func region(_ run: Run) -> Region {
    func span(_ chunks: Range<Int>, _ extent: Int, _ length: Int) -> Range<Int> {
      chunks.lowerBound * extent..<min(chunks.upperBound * extent, length)
    }
    let layers = run.ranges[2].map { self.layers[$0].span }
    let low = layers.map(\.lowerBound).min() ?? 0
    return Region(
      variables: run.ranges[1], times: span(run.ranges[0], time, description.timeCount),
      layers: low..<(layers.map(\.upperBound).max() ?? low),
      rows: span(run.ranges[3], rows, description.grid.ny),
      columns: span(run.ranges[4], columns, description.grid.nx))
  }

  /// Elements of one chunk.
  var chunkCount: Int { header.data.first?.chunks.reduce(1, *) ?? 1 }
  /// Chunks of a run.
  func chunks(in run: Run) -> Int { run.ranges.reduce(1) { $0 * $1.count } }
  var allChunks: Int { counts.reduce(1, *) }

  /// One chunk of a run: where it stands in its variable, and where its elements lie in a block of the run.
  struct Chunk {
    let variable: Int
    /// In the variable's dimensions.
    let origin: [Int]
    let times: Range<Int>
    /// Layer by layer of the chunk; nil beyond the edge.
    let layers: [Int?]
    let rows: Range<Int>
    let columns: Range<Int>
    /// Full extents: time, layers, rows, columns.
    let extents: (times: Int, layers: Int, rows: Int, columns: Int)
  }

  /// The chunks of a run in the order of writing.
  func forEachChunk(_ run: Run, _ body: (Chunk) throws -> Void) rethrows {
    for t in run.ranges[0] {
      for variable in run.ranges[1] {
        for l in run.ranges[2] {
          for r in run.ranges[3] {
            for c in run.ranges[4] { try body(chunk(t, variable, l, r, c)) }
          }
        }
      }
    }
  }

  private func chunk(_ t: Int, _ variable: Int, _ l: Int, _ r: Int, _ c: Int) -> Chunk {
    let layer = layers[l]
    var origin: [Int] = []
    if hasTime { origin.append(t * time) }
    origin += layer.ranges.map(\.lowerBound)
    if hasRows { origin.append(r * rows) }
    if hasColumns { origin.append(c * columns) }
    // The layers of the chunk, those beyond the edge of an axis empty.
    var indices: [Int?] = [0]
    for (axis, range) in layer.ranges.enumerated() {
      let length = description.layers[axis].count
      indices = indices.flatMap { head in
        (0..<layer.extents[axis]).map { step in
          guard let head, range.lowerBound + step < length else { return nil }
          return head * length + range.lowerBound + step
        }
      }
    }
    return Chunk(
      variable: variable, origin: origin,
      times: t * time..<min((t + 1) * time, description.timeCount), layers: indices,
      rows: r * rows..<min((r + 1) * rows, description.grid.ny),
      columns: c * columns..<min((c + 1) * columns, description.grid.nx),
      extents: (time, indices.count, rows, columns))
  }
}
