import GridFiles
import Grids
import Stages

/// The fields of one input: variables of one or more files, joined along time, as one stream.
struct FileSource: Source {
  /// A stretch of time of one variable, in one file.
  struct Segment: Sendable {
    let file: SourceFile
    let variable: Variable
    let decoding: GridFiles.Decoding
    let roles: [Dataset.Role]
    /// Where its steps stand in the stream; `0..<1` without time.
    var times: Range<Int>
    /// Steps of the file before the first of those.
    var skipped = 0
  }

  let label: String
  private(set) var output: Description
  /// By variable of the output, each in the order of time.
  private(set) var segments: [[Segment]]
  /// Tasks that decode chunks of one read.
  var workers = 1

  init(label: String, output: Description, segments: [[Segment]]) {
    (self.label, self.output, self.segments) = (label, output, segments)
  }

  /// The stream of some of its steps.
  func cut(to times: Range<Int>) -> FileSource {
    guard let time = output.time, times != 0..<time.count else { return self }
    var result = self
    result.output.time = time.subset(Array(times))
    for variable in segments.indices {
      result.segments[variable] = segments[variable].compactMap { segment in
        let kept = segment.times.clamped(to: times)
        guard !kept.isEmpty else { return nil }
        var part = segment
        part.skipped += kept.lowerBound - segment.times.lowerBound
        part.times = kept.lowerBound - times.lowerBound..<kept.upperBound - times.lowerBound
        return part
      }
    }
    return result
  }

  /// The storage of the first variable decides: all are alike in files that belong together.
  var grain: (times: Int, layers: Int, rows: Int) {
    guard let segment = segments.first?.first, case .chunked(let chunk) = segment.variable.storage,
      chunk.count == segment.roles.count
    else { return (1, 1, 1) }
    var (times, layers, rows) = (1, 1, 1)
    for (role, extent) in zip(segment.roles, chunk) {
      switch role {
      case .time: times = max(1, min(extent, segment.times.count))
      case .layer: layers *= max(1, extent)
      case .row: rows = max(1, min(extent, output.grid.ny))
      case .column, .single: break
      }
    }
    return (times, min(layers, output.layerCount), rows)
  }

  /// Parts that are read at a time, and the tasks that decode the chunks of each: a map is often one chunk, and then
  /// it is the variables that the workers share.
  private func shares(_ parts: Int) -> (together: Int, each: Int) {
    let together = max(1, min(workers, parts))
    return (together, max(1, workers / together))
  }

  func scratchBytes(for region: Region) -> Int {
    let parts = slabs(region)
    let (together, each) = shares(parts.count)
    let bytes = parts.map { $0.segment.file.scratchBytes($0.segment.variable, $0.slab, workers: each) }
    return bytes.sorted(by: >).prefix(together).reduce(0, +)
  }

  func fileBytes(for region: Region) -> Int {
    slabs(region).reduce(0) { $0 + elementsRead($1) * ($1.segment.variable.type.size ?? 4) }
  }

  /// Of chunks every element is read, wanted or not.
  private func elementsRead(_ part: Part) -> Int {
    guard case .chunked(let chunk) = part.segment.variable.storage, chunk.count == part.slab.count.count
    else {
      return part.slab.elementCount
    }
    var count = 1
    for (axis, extent) in chunk.enumerated() where extent > 0 {
      let (start, length) = (part.slab.start[axis], part.slab.count[axis])
      let end = min((start + length + extent - 1) / extent * extent, part.segment.variable.extents[axis])
      count *= max(0, end - start / extent * extent)
    }
    return count
  }

  func read(_ region: Region) async throws -> Block {
    let block = try Block(uninitialized: region)
    guard let values = unsafe block.values.baseAddress, let validity = unsafe block.validity.baseAddress
    else {
      return block
    }
    let parts = slabs(region)
    let (together, each) = shares(parts.count)
    @Sendable func read(_ part: Part, _ target: FloatTarget) async throws {
      try Task.checkCancellation()
      try await part.segment.file.read(
        part.segment.variable, part.slab, decoding: part.segment.decoding, into: target, workers: each)
    }
    let targets = parts.map { part in
      unsafe FloatTarget(
        values: values + part.offset, validity: validity + part.offset, strides: part.strides)
    }
    if together == 1 {
      for (part, target) in zip(parts, targets) { try await read(part, target) }
      return block
    }
    // Begun in order; of several faults the first part's is told, as if one had been read after another.
    let fault: (any Error)? = await withTaskGroup(of: (Int, (any Error)?).self) { group in
      var (next, first) = (0, (index: parts.count, error: nil as (any Error)?))
      func begin() {
        guard next < parts.count, first.error == nil else { return }
        let (index, part, target) = (next, parts[next], targets[next])
        next += 1
        group.addTask {
          do { try await read(part, target) } catch { return (index, error) }
          return (index, nil)
        }
      }
      for _ in 0..<together { begin() }
      for await (index, error) in group {
        if let error, index < first.index { first = (index, error) }
        begin()
      }
      return first.error
    }
    if let fault { throw fault }
    return block
  }

  /// A read that fills a part of a block: from where, and where to.
  struct Part {
    let segment: Segment
    let slab: Hyperslab
    let offset: Int
    let strides: [Int]
  }

  func slabs(_ region: Region) -> [Part] {
    var parts: [Part] = []
    guard region.count > 0 else { return parts }
    let layerCounts = output.layers.map(\.count)
    for (slot, variable) in region.variables.enumerated() {
      for segment in segments[variable] {
        let times = segment.times.clamped(to: region.times)
        guard !times.isEmpty else { continue }
        for box in layerBoxes(region.layers, layerCounts) {
          parts.append(part(segment, region, slot: slot, times: times, box: box))
        }
      }
    }
    return parts
  }

  /// A box of the layer axes: for each its range, and the index of its first layer.
  private struct LayerBox {
    let ranges: [Range<Int>]
    let first: Int
  }

  /// The layers are counted through all their axes: a range of them is one box, or one box a layer.
  private func layerBoxes(_ layers: Range<Int>, _ counts: [Int]) -> [LayerBox] {
    if counts.isEmpty { return [LayerBox(ranges: [], first: 0)] }
    if counts.count == 1 { return [LayerBox(ranges: [layers], first: layers.lowerBound)] }
    if layers.count == output.layerCount { return [LayerBox(ranges: counts.map { 0..<$0 }, first: 0)] }
    return layers.map { layer in
      var rest = layer
      var ranges: [Range<Int>] = []
      for count in counts.reversed() {
        ranges.insert(rest % count..<rest % count + 1, at: 0)
        rest /= count
      }
      return LayerBox(ranges: ranges, first: layer)
    }
  }

  private func part(_ segment: Segment, _ region: Region, slot: Int, times: Range<Int>, box: LayerBox) -> Part
  {
    let mapCount = region.mapCount
    let timeStride = region.layers.count * mapCount
    var (start, count, strides) = ([Int](), [Int](), [Int]())
    for role in segment.roles {
      switch role {
      case .time:
        start.append(times.lowerBound - segment.times.lowerBound + segment.skipped)
        count.append(times.count)
        strides.append(timeStride)
      case .layer(let axis):
        start.append(box.ranges[axis].lowerBound)
        count.append(box.ranges[axis].count)
        // Inside a box the inner axes are whole or of length 1.
        let inner = box.ranges[(axis + 1)...].reduce(1) { $0 * $1.count }
        strides.append(inner * mapCount)
      case .row:
        start.append(region.rows.lowerBound)
        count.append(region.rows.count)
        strides.append(region.columns.count)
      case .column:
        start.append(region.columns.lowerBound)
        count.append(region.columns.count)
        strides.append(1)
      case .single:
        start.append(0)
        count.append(1)
        strides.append(0)
      }
    }
    let offset =
      slot * region.times.count * timeStride + (times.lowerBound - region.times.lowerBound) * timeStride
      + (box.first - region.layers.lowerBound) * mapCount
    return Part(
      segment: segment, slab: Hyperslab(start: start, count: count), offset: offset, strides: strides)
  }
}
