import Kernels
import Tensors

/// The square root of the sum of squares along some axes, or of all numbers. Its gradient where all are 0 is 0, as in PyTorch.
public struct ReduceL2: ReduceOperator {
  public static let name = "ReduceL2"
  public typealias Reducer = NormFold
  public let axes: [Int]?
  public let keepsDimensions: Bool
  public init(axes: [Int]? = nil, keepsDimensions: Bool = false) {
    (self.axes, self.keepsDimensions) = (axes, keepsDimensions)
  }

  public func gradient(_ x: Value, _ y: Value, _ seed: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    let share = try graph.one(Div(), seed, y)
    let safe = try graph.one(
      Where(), try graph.one(Greater(), y, graph.constant(0)), share, graph.constant(0))
    return try graph.one(Mul(), x, safe)
  }
}

public enum NormFold: Fold {
  public static var start: Double { 0 }
  public static func take(_ sum: Double, _ x: Double) -> Double { sum + x * x }
  public static func take(_ sum: SIMD8<Double>, _ x: SIMD8<Double>) -> SIMD8<Double> { sum + x * x }
  public static func join(_ a: Double, _ b: Double) -> Double { a + b }
  public static func finish(_ sum: Double, terms: Int) -> Double { sum.squareRoot() }
  public static func row(_ x: UnsafePointer<Float>, _ count: Int) -> Double? {
    unsafe isotach_sum_squares(x, Int64(count), 0)
  }
}
