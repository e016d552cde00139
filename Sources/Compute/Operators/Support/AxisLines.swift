import Kernels
import Tensors

/// The lines of a tensor along one axis.
struct AxisLines: Sendable {
  let length: Int
  let step: Int
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

  /// Calls `body` with pieces of at most 256 neighbouring lines of a block, in which element k of the first line has
  /// the offset k * step from `start`; on several threads.
  func forEachBand(_ run: RunContext, _ body: @Sendable (_ start: Int, _ lines: Int) -> Void) {
    let width = 256
    let bands = (step + width - 1) / width
    run.parallel(over: count / step * bands, grain: max(1, 4096 / max(1, length * min(step, width)))) {
      for piece in $0 {
        let first = piece % bands * width
        body(piece / bands * step * length + first, min(width, step - first))
      }
    }
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

/// The first part of a softmax on neighbouring lines in float32: y becomes x - largest, and `finish` gets the sums of
/// exp(y) with y itself replaced by exp(y) when `keepsPowers`. x and y may be the same.
enum SoftmaxBand {
  static func run(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, lines: Int, step: Int, length: Int,
    keepsPowers: Bool, _ finish: (_ sums: UnsafeMutablePointer<Double>) -> Void
  ) {
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * lines) { numbers in
      unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: lines) { sums in
        guard let largest = numbers.baseAddress, let sums = sums.baseAddress else { return }
        let powers = unsafe largest + lines
        unsafe largest.initialize(repeating: -.infinity, count: lines)
        unsafe powers.initialize(repeating: 0, count: lines)
        unsafe sums.initialize(repeating: 0, count: lines)
        for index in 0..<length {
          let row = unsafe x + index * step
          for line in 0..<lines {
            let (old, new) = unsafe (largest[line], row[line])
            unsafe largest[line] = new > old || new != new ? new : old
          }
        }
        for index in 0..<length {
          let (row, target) = unsafe (x + index * step, y + index * step)
          for line in 0..<lines { unsafe target[line] = row[line] - largest[line] }
          let power = unsafe keepsPowers ? target : powers
          unsafe isotach_exp(target, power, Int64(lines))
          for line in 0..<lines { unsafe sums[line] += Double(power[line]) }
        }
        unsafe finish(sums)
      }
    }
  }
}
