import Tensors

/// Layer normalisation (Ba et al. 2016): the dimensions from `axis` on brought to mean 0 and variance 1 together,
/// then a scale and a bias for each of their elements.
///
/// Inputs: x, scale and bias of the extents of x from `axis` on (counted from the end when negative). Output: as x.
/// Variance over n, as in PyTorch.
public struct LayerNormalization: RowNormalizing {
  public static let name = "LayerNormalization"
  public let axis: Int
  public let epsilon: Double

  public init(axis: Int = -1, epsilon: Double = 1e-5) { (self.axis, self.epsilon) = (axis, epsilon) }
  public var detail: String { "axis \(axis), epsilon \(epsilon)" }

  func rows(_ x: Shape) throws(OperatorError) -> RowNormalization {
    let axis = try x.dimension(axis)
    let length = x.extents[axis...].reduce(1, *)
    guard x.count > 0 else { throw OperatorError("there is nothing to normalise in \(x)") }
    return RowNormalization(
      rows: x.count / length, length: length, period: 1, width: length, run: 1, epsilon: epsilon)
  }

  func scaleShape(_ x: Shape) throws(OperatorError) -> Shape {
    let axis = try x.dimension(axis)
    do { return try Shape(Array(x.extents[axis...])) } catch { throw OperatorError(error) }
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    (try? rows(inputs[0].shape))?.reference(inputs, outputs[0])
  }
}

extension Shape {
  /// The dimension that an axis means; counted from the end when negative.
  func dimension(_ axis: Int) throws(OperatorError) -> Int {
    guard (-rank..<rank).contains(axis) else { throw OperatorError("\(self) has no axis \(axis)") }
    return axis < 0 ? axis + rank : axis
  }
}

extension LayerNormalization {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let shape = inputs.first, let axis = try? shape.dimension(axis) else { return nil }
    return dimension < axis ? output : nil
  }
}
