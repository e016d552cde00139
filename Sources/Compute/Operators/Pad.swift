import Tensors

/// Puts numbers around a tensor, or takes them away where a pad is negative. Along each axis by a mode of its
/// own, so a field can be periodic in longitude and replicated in latitude; corners follow from both.
public struct Pad: Operator {
  public static let name = "Pad"

  public enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
    /// `value`.
    case constant
    /// The number on the border (PyTorch's `replicate`, ONNX's `edge`).
    case replicate
    /// Mirrored at the number on the border, which is not repeated.
    case reflect
    /// From the other end (PyTorch's `circular`, ONNX's `wrap`).
    case periodic
  }

  /// What happens along one axis. Cropping comes first: the other end of a periodic axis is what is left of it.
  public struct Axis: Sendable, Hashable {
    public let before: Int
    public let after: Int
    public let mode: Mode
    public init(_ before: Int, _ after: Int, _ mode: Mode = .constant) {
      (self.before, self.after, self.mode) = (before, after, mode)
    }
    public static let none = Axis(0, 0)
  }

  /// For each dimension of the input.
  public let axes: [Axis]
  public let value: Double
  public init(_ axes: [Axis], value: Double = 0) { (self.axes, self.value) = (axes, value) }
  public var detail: String {
    axes.enumerated().filter { $1.before != 0 || $1.after != 0 }
      .map { "axis \($0) \($1.mode) \($1.before) \($1.after)" }.joined(separator: ", ")
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    let shape = inputs[0]
    guard axes.count == shape.rank else {
      throw OperatorError("pads for \(axes.count) dimensions, \(shape) has \(shape.rank)")
    }
    var extents: [Int] = []
    for (dimension, axis) in axes.enumerated() {
      let extent = shape[dimension]
      let (cropped, isAbsurd) = extent.addingReportingOverflow(min(axis.before, 0))
      let (left, isAbsurdToo) = cropped.addingReportingOverflow(min(axis.after, 0))
      guard !isAbsurd, !isAbsurdToo, left >= 0 else {
        throw OperatorError(
          "pads \(axis.before) and \(axis.after) take more than there is: dimension \(dimension) of \(shape)")
      }
      let widest = max(axis.before, axis.after, 0)
      switch axis.mode {
      case .constant: break
      case .replicate, .periodic:
        guard widest == 0 || left > 0 else {
          throw OperatorError("dimension \(dimension) of \(shape) is empty: \(axis.mode) has nothing to put")
        }
      case .reflect:
        guard widest == 0 || widest < left else {
          throw OperatorError(
            "reflect can put at most \(max(0, left - 1)) around dimension \(dimension) of \(shape), not \(widest)"
          )
        }
      }
      let (first, overflow) = left.addingReportingOverflow(max(axis.before, 0))
      let (both, overflowToo) = first.addingReportingOverflow(max(axis.after, 0))
      guard !overflow, !overflowToo else {
        throw OperatorError("the pads \(axis.before) and \(axis.after) are too large")
      }
      extents.append(both)
    }
    return [try .made(extents)]
  }

  /// For each place of the result along a dimension the place of the input, -1 for the constant.
  private func sources(_ dimension: Int, _ extent: Int) -> [Int] {
    let axis = axes[dimension]
    let first = max(0, -axis.before)
    let left = extent - first - max(0, -axis.after)
    let before = max(0, axis.before)
    return (0..<before + left + max(0, axis.after)).map { place in
      var at = place - before
      if at < 0 || at >= left {
        switch axis.mode {
        case .constant: return -1
        case .replicate: at = at < 0 ? 0 : left - 1
        case .reflect: at = at < 0 ? -at : 2 * (left - 1) - at
        case .periodic: at = ((at % left) + left) % left
        }
      }
      return first + at
    }
  }

  /// The maps of the padded dimensions, behind those that stay as they are.
  fileprivate struct Map: Sendable {
    /// Independent tensors: the dimensions in front that are not padded.
    let outer: Int
    /// Elements of each, before and after.
    let source: Int
    let target: Int
    /// Rows of the result within one: where the row of the input begins, -1 when it is constant.
    let rows: [Int]
    /// Along a row.
    let columns: [Int]
    /// The part of a row that is copied as it lies: from `columns[start]` on.
    let straight: Range<Int>
  }

  fileprivate func map(_ shape: Shape) -> Map {
    let same = axes.firstIndex { $0.before != 0 || $0.after != 0 } ?? max(0, shape.rank - 1)
    var rows = [0]
    for dimension in shape.extents.indices.dropFirst(same).dropLast() {
      let extent = shape[dimension]
      let map = sources(dimension, extent)
      rows = rows.flatMap { row in map.map { row < 0 || $0 < 0 ? -1 : row * extent + $0 } }
    }
    let width = shape.extents.last ?? 1
    let columns = shape.rank == 0 ? [0] : sources(shape.rank - 1, width)
    let left = shape.rank == 0 ? 0 : max(0, axes[shape.rank - 1].before)
    let middle =
      shape.rank == 0
      ? 1 : width + min(0, axes[shape.rank - 1].before) + min(0, axes[shape.rank - 1].after)
    let outer = shape.extents.prefix(shape.rank == 0 ? 0 : same).reduce(1, *)
    return Map(
      outer: outer, source: shape.extents.dropFirst(shape.rank == 0 ? 0 : same).reduce(1, *),
      target: rows.count * columns.count, rows: rows.map { $0 < 0 ? -1 : $0 * width }, columns: columns,
      straight: left..<left + middle)
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let (x, y, map) = (inputs[0], outputs[0], map(inputs[0].shape))
    var index = 0
    for outer in 0..<map.outer {
      for row in map.rows {
        for column in map.columns {
          y[index] = row < 0 || column < 0 ? T(value) : x[outer * map.source + row + column]
          index += 1
        }
      }
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y, map) = (inputs[0], outputs[0], map(inputs[0].shape))
    let width = map.columns.count
    guard width > 0 else { return }
    let value = Float(value)
    run.parallel(over: map.outer * map.rows.count, grain: max(1, Grain.cheap / width)) { piece in
      for line in piece {
        let (outer, row) = line.quotientAndRemainder(dividingBy: map.rows.count)
        let target = unsafe y.pointer + line * width
        guard map.rows[row] >= 0 else {
          unsafe target.update(repeating: value, count: width)
          continue
        }
        let source = unsafe x.pointer + outer * map.source + map.rows[row]
        for column in 0..<map.straight.lowerBound {
          let from = map.columns[column]
          unsafe target[column] = from < 0 ? value : source[from]
        }
        if let first = map.straight.first {
          unsafe (target + first).update(from: source + map.columns[first], count: map.straight.count)
        }
        for column in map.straight.upperBound..<width {
          let from = map.columns[column]
          unsafe target[column] = from < 0 ? value : source[from]
        }
      }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(PadGradient(of: self, graph.shape(call.inputs[0])), seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}

/// The adjoint of padding: each number of the seed is added where it was taken from.
struct PadGradient: Operator {
  static let name = "PadGradient"
  let pad: Pad
  let target: Shape
  init(of pad: Pad, _ target: Shape) { (self.pad, self.target) = (pad, target) }
  var detail: String { pad.detail }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    guard try pad.outputShapes([target]) == inputs else {
      throw OperatorError("\(inputs[0]) is not \(target) with these pads")
    }
    return [target]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    let (seed, x, map) = (inputs[0], outputs[0], pad.map(target))
    x.fill(0)
    var index = 0
    for outer in 0..<map.outer {
      for row in map.rows {
        for column in map.columns {
          if row >= 0, column >= 0 { x[outer * map.source + row + column] += seed[index] }
          index += 1
        }
      }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (seed, x, map) = (inputs[0], outputs[0], pad.map(target))
    let width = map.columns.count
    // What lies behind the dimensions in front that are not padded belongs to one thread: it adds in order.
    run.parallel(over: map.outer, grain: max(1, Grain.cheap / max(1, map.target))) { piece in
      for outer in piece {
        let result = unsafe x.pointer + outer * map.source
        unsafe result.update(repeating: 0, count: map.source)
        for (line, row) in map.rows.enumerated() where row >= 0 {
          let from = unsafe seed.pointer + outer * map.target + line * width
          let to = unsafe result + row
          for column in 0..<map.straight.lowerBound where map.columns[column] >= 0 {
            unsafe to[map.columns[column]] += from[column]
          }
          if let first = map.straight.first {
            let (a, b) = unsafe (from + first, to + map.columns[first])
            for column in 0..<map.straight.count { unsafe b[column] += a[column] }
          }
          for column in map.straight.upperBound..<width where map.columns[column] >= 0 {
            unsafe to[map.columns[column]] += from[column]
          }
        }
      }
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    guard let seed = seeds[0] else { return [nil] }
    // The adjoint of the adjoint: the same places, and zeros where the constant was.
    return [try graph.one(Pad(pad.axes), seed)]
  }
}

extension Pad {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard axes.indices.contains(dimension) else { return nil }
    let before = axes[dimension].before
    return output.lowerBound - before..<output.upperBound - before
  }
}
