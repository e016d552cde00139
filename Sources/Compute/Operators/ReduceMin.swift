import Tensors

/// The least number along some axes, or of all numbers. NaN when one is NaN. Equal numbers share
/// the gradient, as in PyTorch's `amin`.
public struct ReduceMin: ReduceOperator {
  public static let name = "ReduceMin"
  public typealias Reducer = MinFold
  public let axes: [Int]?
  public let keepsDimensions: Bool
  public static var takesNothing: Bool { false }
  public init(axes: [Int]? = nil, keepsDimensions: Bool = false) {
    (self.axes, self.keepsDimensions) = (axes, keepsDimensions)
  }

  public func gradient(_ x: Value, _ y: Value, _ seed: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    try graph.shared(seed, among: x, equalTo: y)
  }
}

public enum MinFold: Fold {
  public static var start: Double { .infinity }
  public static func take(_ sum: Double, _ x: Double) -> Double { x < sum || x.isNaN ? x : sum }
  public static func take(_ sum: SIMD8<Double>, _ x: SIMD8<Double>) -> SIMD8<Double> {
    sum.replacing(with: x, where: (x .< sum) .| (x .!= x))
  }
  public static func join(_ a: Double, _ b: Double) -> Double { b < a || b.isNaN ? b : a }
}
