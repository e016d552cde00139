import Tensors

/// The lines of a tensor along one axis.
struct AxisLines: Sendable {
  private let length: Int
  private let step: Int
  let count: Int

  init(_ shape: Shape, _ axis: Int) throws(OperatorError) {
    let axis = try shape.dimension(axis)
    length = shape.extents[axis]
    step = shape.extents[(axis + 1)...].reduce(1, *)
    count = shape.count / max(1, length)
  }

  /// Lines that one piece of work takes.
  var grain: Int { max(1, 4096 / max(1, length)) }

  func elements(_ line: Int) -> Line {
    Line(start: line / step * step * length + line % step, step: step, count: length)
  }

  struct Line {
    let start: Int
    let step: Int
    let count: Int
    subscript(_ index: Int) -> Int { start + index * step }

    /// NaN when there is one.
    @inline(__always)
    func maximum<T: Real>(_ x: Operand<T>) -> T {
      var largest = -T.infinity
      for index in 0..<count {
        let number = x[self[index]]
        if number > largest || number != number { largest = number }
      }
      return largest
    }
  }
}
