import Tensors

/// The rule of NumPy and ONNX: shapes are aligned at the last dimension; an extent of 1 is repeated.
struct Broadcasting {
  let shape: Shape
  /// For each operand the step along each dimension of the result, 0 where it is repeated.
  let strides: [[Int]]

  init(_ operands: [Shape]) throws(OperatorError) {
    let rank = operands.map(\.rank).max() ?? 0
    var extents = [Int](repeating: 1, count: rank)
    for operand in operands {
      let offset = rank - operand.rank
      for (dimension, extent) in operand.extents.enumerated() where extent != 1 {
        guard extents[offset + dimension] == 1 || extents[offset + dimension] == extent else {
          throw OperatorError(
            "the shapes \(operands.map(\.description).joined(separator: " and ")) cannot be broadcast together"
          )
        }
        extents[offset + dimension] = extent
      }
    }
    do { shape = try Shape(extents) } catch { throw OperatorError(error) }
    strides = operands.map { operand in
      let offset = rank - operand.rank
      let own = operand.strides
      return (0..<rank).map { $0 < offset || operand.extents[$0 - offset] == 1 ? 0 : own[$0 - offset] }
    }
  }

  /// Calls `body(result, first)` for each element of the result, in order, with the element of the operand.
  func forEach(_ body: (_ result: Int, _ a: Int) -> Void) {
    walk { body($0, $1[0]) }
  }

  /// Calls `body(result, first, second)` for each element of the result, in order.
  func forEachPair(_ body: (_ result: Int, _ a: Int, _ b: Int) -> Void) {
    walk { body($0, $1[0], $1[1]) }
  }

  private func walk(_ body: (Int, [Int]) -> Void) {
    var position = [Int](repeating: 0, count: shape.rank)
    var offsets = [Int](repeating: 0, count: strides.count)
    for index in 0..<shape.count {
      body(index, offsets)
      for dimension in stride(from: shape.rank - 1, through: 0, by: -1) {
        position[dimension] += 1
        for operand in offsets.indices { offsets[operand] += strides[operand][dimension] }
        if position[dimension] < shape.extents[dimension] { break }
        for operand in offsets.indices {
          offsets[operand] -= strides[operand][dimension] * position[dimension]
        }
        position[dimension] = 0
      }
    }
  }
}
