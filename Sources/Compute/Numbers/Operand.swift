import Tensors

/// A tensor that an operator reads or writes: a shape and numbers in row-major order that something else owns
/// for as long as the operator runs.
@safe public struct Operand<T: Real>: @unchecked Sendable {
  public let shape: Shape
  public let values: UnsafeMutableBufferPointer<T>

  public init(_ shape: Shape, _ values: UnsafeMutableBufferPointer<T>) {
    self.shape = shape
    unsafe self.values = values
  }

  public var count: Int { shape.count }
  public subscript(_ index: Int) -> T {
    get { unsafe values[index] }
    nonmutating set { unsafe values[index] = newValue }
  }

  /// Where the numbers begin, for kernels. Never nil for an operand of a program or an interpreter.
  public var pointer: UnsafeMutablePointer<T> {
    guard let address = unsafe values.baseAddress else { preconditionFailure("an operand has no storage") }
    return unsafe address
  }

  public func fill(_ value: T) { unsafe values.update(repeating: value) }
}

extension Shape {
  /// The distance between neighbours along each dimension, in elements, row-major.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    var step = 1
    for dimension in stride(from: rank - 1, through: 0, by: -1) {
      strides[dimension] = step
      step *= extents[dimension]
    }
    return strides
  }

  public subscript(_ dimension: Int) -> Int { extents[dimension] }
  public var bytes: Int { count * MemoryLayout<Float>.stride }
}
