import Tensors

/// The sum of absolute values along some axes, or of all numbers.
public struct ReduceL1: ReduceOperator {
  public static let name = "ReduceL1"
  public typealias Reducer = AbsFold
  public let axes: [Int]?
  public let keepsDimensions: Bool
  public init(axes: [Int]? = nil, keepsDimensions: Bool = false) {
    (self.axes, self.keepsDimensions) = (axes, keepsDimensions)
  }

  public func gradient(_ x: Value, _ y: Value, _ seed: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    try graph.one(Mul(), try graph.one(Sign(), x), seed)
  }
}

public enum AbsFold: Fold {
  public static var start: Double { 0 }
  public static func take(_ sum: Double, _ x: Double) -> Double { sum + abs(x) }
  public static func take(_ sum: SIMD8<Double>, _ x: SIMD8<Double>) -> SIMD8<Double> {
    sum + x.replacing(with: -x, where: x .< 0)
  }
  public static func join(_ a: Double, _ b: Double) -> Double { a + b }
}
