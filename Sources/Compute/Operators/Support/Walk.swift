import Tensors

/// A walk over the elements of a result in order, row by row, that knows where up to four operands stand: what
/// broadcasting, slicing and transposing have in common. Dimensions that lie together in all operands are
/// joined, so that rows are as long as they can be.
struct Walk: Sendable {
  /// Elements of the result.
  let count: Int
  /// Length of a row.
  let row: Int
  /// For each operand the distance between neighbours in a row; 0 when one number serves the whole row.
  let steps: SIMD4<Int>
  /// The other dimensions, outermost first.
  private let extents: [Int]
  private let strides: [SIMD4<Int>]

  /// - Parameters:
  ///   - extents: of the result.
  ///   - operands: for each the distance between neighbours along each dimension; at most four.
  init(_ extents: [Int], _ operands: [[Int]]) {
    count = extents.reduce(1, *)
    var joined: [(extent: Int, strides: SIMD4<Int>)] = []
    for (dimension, extent) in extents.enumerated() where extent != 1 {
      var strides = SIMD4<Int>(repeating: 0)
      for (lane, operand) in operands.enumerated() { strides[lane] = operand[dimension] }
      if let last = joined.last, last.strides == strides &* extent {
        joined[joined.count - 1] = (last.extent * extent, strides)
      } else {
        joined.append((extent, strides))
      }
    }
    let last = joined.popLast()
    (row, steps) = (last?.extent ?? 1, last?.strides ?? SIMD4(repeating: 0))
    self.extents = joined.map(\.extent)
    strides = joined.map(\.strides)
  }

  /// Calls `body` for each row, or part of a row, of the elements `range` of the result.
  /// - Parameter body: the first element of the result, where the operands stand, and how many elements follow.
  @inline(__always)
  func rows(in range: Range<Int>, _ body: (_ result: Int, _ at: SIMD4<Int>, _ count: Int) -> Void) {
    guard !range.isEmpty else { return }
    var (line, column) = range.lowerBound.quotientAndRemainder(dividingBy: row)
    var position = [Int](repeating: 0, count: extents.count)
    var at = SIMD4<Int>(repeating: 0)
    for dimension in extents.indices.reversed() {
      (line, position[dimension]) = line.quotientAndRemainder(dividingBy: extents[dimension])
      at &+= strides[dimension] &* position[dimension]
    }
    var index = range.lowerBound
    while true {
      let part = min(row - column, range.upperBound - index)
      body(index, at &+ steps &* column, part)
      index += part
      if index >= range.upperBound { return }
      column = 0
      var dimension = extents.count - 1
      while dimension >= 0 {
        position[dimension] += 1
        at &+= strides[dimension]
        if position[dimension] < extents[dimension] { break }
        at &-= strides[dimension] &* extents[dimension]
        position[dimension] = 0
        dimension -= 1
      }
    }
  }
}

extension Broadcasting {
  var walk: Walk { Walk(shape.extents, strides) }
}

/// How much of a tensor a thread takes at a time: long enough to be worth it, and never depending on the number
/// of threads.
enum Grain {
  /// An addition an element.
  static let cheap = 65_536
  /// An exponential an element.
  static let dear = 8_192
}
