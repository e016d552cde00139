import Kernels
import Tensors

/// The sum of squares along some axes, or of all numbers.
public struct ReduceSumSquare: ReduceOperator {
  public static let name = "ReduceSumSquare"
  public typealias Reducer = SquareFold
  public let axes: [Int]?
  public let keepsDimensions: Bool
  public init(axes: [Int]? = nil, keepsDimensions: Bool = false) {
    (self.axes, self.keepsDimensions) = (axes, keepsDimensions)
  }

  public func gradient(_ x: Value, _ y: Value, _ seed: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    let twice = try graph.one(Mul(), seed, graph.constant(2))
    return try graph.one(Mul(), x, twice)
  }
}

public enum SquareFold: Fold {
  public static var start: Double { 0 }
  public static func take(_ sum: Double, _ x: Double) -> Double { sum + x * x }
  public static func take(_ sum: SIMD8<Double>, _ x: SIMD8<Double>) -> SIMD8<Double> { sum + x * x }
  public static func join(_ a: Double, _ b: Double) -> Double { a + b }
  public static func row(_ x: UnsafePointer<Float>, _ count: Int) -> Double? {
    unsafe isotach_sum_squares(x, Int64(count), 0)
  }
}
