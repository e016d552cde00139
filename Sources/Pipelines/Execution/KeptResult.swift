import GridFiles
import Grids
import Stages

/// A result that is computed once and read by many tasks: in memory, or in a scratch file.
@safe final class KeptResult: Sendable {
  private enum Place: Sendable {
    case memory(Block)
    case scratch(ScratchStore)
  }
  private let whole: Region
  private let place: Place

  /// - Parameter folder: where a scratch file may be made.
  init(_ whole: Region, inMemory: Bool, folder: String) throws {
    self.whole = whole
    place =
      inMemory
      ? .memory(try Block(uninitialized: whole))
      : .scratch(try ScratchStore(folder: folder, count: whole.count))
  }

  /// Runs of elements that lie side by side both in the whole and in a region: (start in the whole, start in
  /// the region, length).
  private func forEachRun(_ region: Region, _ body: (Int, Int, Int) throws -> Void) rethrows {
    let (rows, columns) = (whole.rows.count, whole.columns.count)
    let isFullWidth = region.columns.count == columns
    let isFullMap = isFullWidth && region.rows.count == rows
    let isFullTime = isFullMap && region.layers.count == whole.layers.count
    var inside = 0
    for variable in region.variables {
      let variableStart = (variable - whole.variables.lowerBound) * whole.times.count
      if isFullTime {
        let map = (variableStart + region.times.lowerBound) * whole.layers.count * rows * columns
        let length = region.times.count * whole.layers.count * rows * columns
        try body(map, inside, length)
        inside += length
        continue
      }
      for time in region.times {
        for layer in region.layers {
          let map = ((variableStart + time) * whole.layers.count + layer) * rows * columns
          if isFullWidth {
            let length = region.rows.count * columns
            try body(map + region.rows.lowerBound * columns, inside, length)
            inside += length
          } else {
            for row in region.rows {
              try body(map + row * columns + region.columns.lowerBound, inside, region.columns.count)
              inside += region.columns.count
            }
          }
        }
      }
    }
  }

  /// Stores a tile. Tiles that do not overlap may be stored at the same time.
  func store(_ tile: Block) throws {
    guard let values = unsafe tile.values.baseAddress, let validity = unsafe tile.validity.baseAddress else {
      return
    }
    switch place {
    case .memory(let block):
      guard let target = unsafe block.values.baseAddress, let mask = unsafe block.validity.baseAddress else {
        return
      }
      forEachRun(tile.region) { outer, inner, count in
        unsafe (target + outer).update(from: values + inner, count: count)
        unsafe (mask + outer).update(from: validity + inner, count: count)
      }
    case .scratch(let store):
      try forEachRun(tile.region) { outer, inner, count in
        try unsafe store.write(outer..<outer + count, values: values + inner, validity: validity + inner)
      }
    }
  }

  /// A copy of a part.
  func read(_ region: Region) throws -> Block {
    let result = try Block(uninitialized: region)
    guard let values = unsafe result.values.baseAddress, let validity = unsafe result.validity.baseAddress
    else { return result }
    switch place {
    case .memory(let block):
      guard let source = unsafe block.values.baseAddress, let mask = unsafe block.validity.baseAddress else {
        return result
      }
      forEachRun(region) { outer, inner, count in
        unsafe (values + inner).update(from: source + outer, count: count)
        unsafe (validity + inner).update(from: mask + outer, count: count)
      }
    case .scratch(let store):
      try forEachRun(region) { outer, inner, count in
        try unsafe store.read(outer..<outer + count, values: values + inner, validity: validity + inner)
      }
    }
    return result
  }
}
