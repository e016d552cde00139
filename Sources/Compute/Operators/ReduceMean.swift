import Kernels
import Tensors

/// The mean along some axes, or of all numbers.
public struct ReduceMean: ReduceOperator {
  public static let name = "ReduceMean"
  public typealias Reducer = MeanFold
  public let axes: [Int]?
  public let keepsDimensions: Bool
  public init(axes: [Int]? = nil, keepsDimensions: Bool = false) {
    (self.axes, self.keepsDimensions) = (axes, keepsDimensions)
  }

  public func gradient(_ x: Value, _ y: Value, _ seed: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    let terms = graph.shape(x).count / max(1, graph.shape(y).count)
    let share = try graph.one(Mul(), seed, graph.constant(1 / Double(max(1, terms))))
    return try graph.repeated(share, as: x)
  }
}

public enum MeanFold: Fold {
  public static var start: Double { 0 }
  public static func take(_ sum: Double, _ x: Double) -> Double { sum + x }
  public static func take(_ sum: SIMD8<Double>, _ x: SIMD8<Double>) -> SIMD8<Double> { sum + x }
  public static func join(_ a: Double, _ b: Double) -> Double { a + b }
  public static func finish(_ sum: Double, terms: Int) -> Double { sum / Double(terms) }
  public static func row(_ x: UnsafePointer<Float>, _ count: Int) -> Double? {
    unsafe isotach_sum(x, Int64(count))
  }
}
