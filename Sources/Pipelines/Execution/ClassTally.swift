import Grids
import Synchronization

/// Counts the cells of each class while an output is written.
final class ClassTally: Sendable {
  /// By variable: cells of the values -128 to 127.
  private let cells = Mutex<[Int: [Int]]>([:])

  func add(variable: Int, _ values: [Int8]) {
    var counts = [Int](repeating: 0, count: 256)
    for value in values { counts[Int(value) + 128] += 1 }
    cells.withLock { cells in
      var sums = cells[variable] ?? [Int](repeating: 0, count: 256)
      for index in counts.indices { sums[index] += counts[index] }
      cells[variable] = sums
    }
  }

  /// Of the classes that the description names; other values stand for missing cells and for what lies beyond the edge.
  func counts(_ description: Description) -> [ClassCount] {
    let cells = cells.withLock { $0 }
    return description.variables.enumerated().flatMap { index, variable in
      (variable.flags ?? []).map { flag in
        ClassCount(
          variable.name, value: Int(flag.value), meaning: flag.meaning,
          count: cells[index]?[Int(flag.value) + 128] ?? 0)
      }
    }
  }
}

extension ListOutput {
  /// How many objects the list has, or how many tracks.
  var count: ClassCount {
    let objects = listing.found.all
    return ClassCount(
      listing.isTracks ? "tracks" : "objects", value: 1, meaning: listing.noun, isObjects: true,
      count: listing.isTracks ? Set(objects.map(\.number)).count : objects.count)
  }
}
