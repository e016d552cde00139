import GridFiles
import Grids
import Stages

/// A result that is computed once and read by many tasks: in memory, or in a scratch file.
@safe final class KeptResult: Sendable {
  private enum Place: Sendable {
    case memory(Block)
    case scratch(ScratchStore)
  }
  let whole: Region
  private let place: Place

  /// - Parameter folder: where a scratch file may be made.
  init(_ whole: Region, inMemory: Bool, folder: String) throws {
    self.whole = whole
    place =
      inMemory
      ? .memory(try Block(uninitialized: whole))
      : .scratch(try ScratchStore(folder: folder, count: whole.count))
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
      Block.forEachRun(of: tile.region, in: whole) { outer, inner, count in
        unsafe (target + outer).update(from: values + inner, count: count)
        unsafe (mask + outer).update(from: validity + inner, count: count)
      }
    case .scratch(let store):
      try Block.forEachRun(of: tile.region, in: whole) { outer, inner, count in
        try unsafe store.write(outer..<outer + count, values: values + inner, validity: validity + inner)
      }
    }
  }

  /// A copy of a part.
  func read(_ region: Region) throws -> Block {
    switch place {
    case .memory(let block): return try block.part(region)
    case .scratch(let store):
      let result = try Block(uninitialized: region)
      guard let values = unsafe result.values.baseAddress, let validity = unsafe result.validity.baseAddress
      else { return result }
      try Block.forEachRun(of: region, in: whole) { outer, inner, count in
        try unsafe store.read(outer..<outer + count, values: values + inner, validity: validity + inner)
      }
      return result
    }
  }
}
