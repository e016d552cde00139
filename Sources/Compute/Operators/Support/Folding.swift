import Tensors

/// How numbers become one: the sum, the greatest, ... in double.
public protocol Fold: Sendable {
  static var start: Double { get }
  /// Takes one more number in.
  static func take(_ sum: Double, _ x: Double) -> Double
  /// Eight sums at once.
  static func take(_ sum: SIMD8<Double>, _ x: SIMD8<Double>) -> SIMD8<Double>
  /// Two parts become one.
  static func join(_ a: Double, _ b: Double) -> Double
  static func finish(_ sum: Double, terms: Int) -> Double
  /// Of numbers that lie together, by a kernel; nil when there is none.
  static func row(_ x: UnsafePointer<Float>, _ count: Int) -> Double?
}

extension Fold {
  public static func finish(_ sum: Double, terms: Int) -> Double { sum }
  public static func row(_ x: UnsafePointer<Float>, _ count: Int) -> Double? { nil }
}

/// Which elements of a tensor belong to which result of a reduction, and the loops over them. The order of every
/// sum follows from the shapes alone.
struct Folding: Sendable {
  /// Over the results, in order: where the first of their terms stands.
  let kept: Walk
  /// Over the terms of one result.
  let reduced: Walk

  /// - Parameters:
  ///   - extents: of the tensor.
  ///   - isReduced: the dimensions that vanish.
  init(_ extents: [Int], _ isReduced: [Bool]) {
    var strides = [Int](repeating: 1, count: extents.count)
    for dimension in extents.indices.dropLast().reversed() {
      strides[dimension] = strides[dimension + 1] * extents[dimension + 1]
    }
    func walk(_ dimensions: [Int]) -> Walk {
      Walk(dimensions.map { extents[$0] }, [dimensions.map { strides[$0] }])
    }
    kept = walk(extents.indices.filter { !isReduced[$0] })
    reduced = walk(extents.indices.filter { isReduced[$0] })
  }

  /// The sum over what `target` would be repeated along to become `shape`.
  init(_ shape: Shape, to target: Shape) {
    let offset = shape.rank - target.rank
    self.init(
      shape.extents, shape.extents.indices.map { $0 < offset || target[$0 - offset] == 1 && shape[$0] != 1 })
  }

  var terms: Int { reduced.count }

  /// Plain loops.
  func reference<T: Real, F: Fold>(_ fold: F.Type, _ x: Operand<T>, _ y: Operand<T>) {
    kept.rows(in: 0..<kept.count) { result, start, results in
      for k in 0..<results {
        var sum = F.start
        reduced.rows(in: 0..<reduced.count) { _, at, count in
          for term in 0..<count {
            sum = F.take(
              sum, Double(x[start[0] + k * kept.steps[0] + at[0] + term * reduced.steps[0]]))
          }
        }
        y[result + k] = T(F.finish(sum, terms: terms))
      }
    }
  }

  /// Results side by side in memory are reckoned together, up to this many.
  private static let width = 512
  /// Terms x results of one piece of work.
  private static let work = 65_536

  private var isWide: Bool { kept.steps[0] == 1 && kept.row >= 8 }
  /// Terms of one part of a sum, and how many parts there are.
  private var parts: (terms: Int, count: Int) {
    let size = max(1, Self.work / (isWide ? min(Self.width, kept.row) : 1))
    return (size, max(1, (terms + size - 1) / size))
  }

  /// The parts of the sums, when there is more than one.
  var workspaceBytes: Int {
    parts.count > 1 ? parts.count * kept.count * MemoryLayout<Double>.stride : 0
  }

  func compute<F: Fold>(_ fold: F.Type, _ x: Operand<Float>, _ y: Operand<Float>, _ run: RunContext) {
    let parts = parts
    if parts.count == 1 {
      // Several results in one piece.
      let grain = max(1, Self.work / max(1, terms))
      run.parallel(over: kept.count, grain: isWide ? max(grain, min(kept.row, Self.width)) : grain) { piece in
        gather(fold, x, results: piece, terms: 0..<terms) { result, sum in
          y[result] = Float(F.finish(sum, terms: terms))
        }
      }
      return
    }
    let results = kept.count
    let sums = unsafe Doubles(run.workspace.baseAddress)
    let width = isWide ? min(Self.width, kept.row) : 1
    let pieces = (results + width - 1) / width
    run.parallel(pieces * parts.count) { task in
      let (piece, part) = task.quotientAndRemainder(dividingBy: parts.count)
      let range = part * parts.terms..<min(terms, (part + 1) * parts.terms)
      gather(fold, x, results: piece * width..<min(results, (piece + 1) * width), terms: range) {
        result, sum in sums[part * results + result] = sum
      }
    }
    for result in 0..<results {
      var sum = F.start
      for part in 0..<parts.count { sum = F.join(sum, sums[part * results + result]) }
      y[result] = Float(F.finish(sum, terms: terms))
    }
  }

  @inline(__always)
  private func gather<F: Fold>(
    _ fold: F.Type, _ x: Operand<Float>, results: Range<Int>, terms: Range<Int>,
    _ store: (_ result: Int, _ sum: Double) -> Void
  ) {
    let x = unsafe UnsafePointer(x.pointer)
    guard isWide else {
      kept.rows(in: results) { result, start, count in
        for k in 0..<count {
          var sum = F.start
          let first = unsafe x + start[0] + k * kept.steps[0]
          reduced.rows(in: terms) { _, at, count in
            sum = unsafe Self.row(fold, sum, first + at[0], reduced.steps[0], count)
          }
          store(result + k, sum)
        }
      }
      return
    }
    unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.width) { sums in
      guard let sums = sums.baseAddress else { return }
      kept.rows(in: results) { result, start, count in
        var done = 0
        while done < count {
          let width = min(Self.width, count - done)
          unsafe sums.initialize(repeating: F.start, count: width)
          let first = unsafe x + start[0] + done
          reduced.rows(in: terms) { _, at, count in
            for term in 0..<count {
              let row = unsafe first + at[0] + term * reduced.steps[0]
              for k in 0..<width { unsafe sums[k] = F.take(sums[k], Double(row[k])) }
            }
          }
          for k in 0..<width { store(result + done + k, unsafe sums[k]) }
          done += width
        }
      }
    }
  }

  /// Eight sums side by side, then the rest.
  @inline(__always)
  private static func row<F: Fold>(
    _ fold: F.Type, _ sum: Double, _ x: UnsafePointer<Float>, _ step: Int, _ count: Int
  ) -> Double {
    var sum = sum
    var index = 0
    if step == 1, count >= 16 {
      if let part = unsafe F.row(x, count) { return F.join(sum, part) }
      var lanes = SIMD8<Double>(repeating: F.start)
      while index + 8 <= count {
        let eight = unsafe UnsafeRawPointer(x + index).loadUnaligned(as: SIMD8<Float>.self)
        lanes = F.take(lanes, SIMD8<Double>(eight))
        index += 8
      }
      for lane in 0..<8 { sum = F.join(sum, lanes[lane]) }
    }
    while index < count {
      unsafe sum = F.take(sum, Double(x[index * step]))
      index += 1
    }
    return sum
  }
}

/// A piece of the workspace as numbers that several threads write, each its own.
@safe private struct Doubles: @unchecked Sendable {
  private let base: UnsafeMutablePointer<Double>?
  init(_ base: UnsafeMutableRawPointer?) {
    unsafe self.base = base?.assumingMemoryBound(to: Double.self)
  }
  subscript(_ index: Int) -> Double {
    get { unsafe base?[index] ?? .nan }
    nonmutating set { unsafe base?[index] = newValue }
  }
}
