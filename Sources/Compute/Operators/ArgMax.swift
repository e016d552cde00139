import Tensors

/// The index of the greatest number along an axis; NaN counts as the greatest. It has no gradient.
public struct ArgMax: Operator {
  public static let name = "ArgMax"
  public let axis: Int
  public let keepsDimensions: Bool
  /// Among equal numbers the last instead of the first.
  public let selectsLast: Bool
  public init(axis: Int = 0, keepsDimensions: Bool = true, selectsLast: Bool = false) {
    (self.axis, self.keepsDimensions, self.selectsLast) = (axis, keepsDimensions, selectsLast)
  }
  public var detail: String { "axis \(axis)" }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    let axis = try dimension(axis, of: inputs[0])
    var extents = inputs[0].extents
    guard extents[axis] > 0 else { throw OperatorError("dimension \(axis) of \(inputs[0]) is empty") }
    guard extents[axis] <= 1 << 24 else {
      throw OperatorError("indices along dimension \(axis) of \(inputs[0]) are not exact in float32")
    }
    extents[axis] = 1
    if !keepsDimensions { extents.remove(at: axis) }
    return [try .made(extents)]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    find(inputs[0], outputs[0], 0..<outputs[0].count)
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    let extent = max(1, x.count / max(1, y.count))
    run.parallel(over: y.count, grain: max(1, Grain.cheap / extent)) { find(x, y, $0) }
  }

  @inline(__always)
  private func find<T: Real>(_ x: Operand<T>, _ y: Operand<T>, _ results: Range<Int>) {
    let axis = axis < 0 ? axis + x.shape.rank : axis
    let inner = x.shape.extents[(axis + 1)...].reduce(1, *)
    let extent = x.shape[axis]
    for result in results {
      let (outer, k) = result.quotientAndRemainder(dividingBy: inner)
      let first = outer * extent * inner + k
      var (best, greatest) = (0, x[first])
      for place in 1..<max(1, extent) {
        let number = x[first + place * inner]
        let isBetter =
          number > greatest || number.isNaN && (selectsLast || !greatest.isNaN)
          || selectsLast && number == greatest
        if isBetter { (best, greatest) = (place, number) }
      }
      y[result] = T(best)
    }
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[0].count))
  }

  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let shape = inputs.first else { return nil }
    let axis = axis < 0 ? axis + shape.rank : axis
    if keepsDimensions { return dimension == axis ? nil : output }
    // Behind the axis that is gone dimensions are the same counted from the end.
    return dimension >= axis ? output : nil
  }
}
