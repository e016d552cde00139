import Tensors

/// The greatest number along some axes, or of all numbers. NaN when one is NaN. Equal numbers share
/// the gradient, as in PyTorch's `amax`.
public struct ReduceMax: ReduceOperator {
  public static let name = "ReduceMax"
  public typealias Reducer = MaxFold
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

public enum MaxFold: Fold {
  public static var start: Double { -.infinity }
  public static func take(_ sum: Double, _ x: Double) -> Double { x > sum || x.isNaN ? x : sum }
  public static func take(_ sum: SIMD8<Double>, _ x: SIMD8<Double>) -> SIMD8<Double> {
    sum.replacing(with: x, where: (x .> sum) .| (x .!= x))
  }
  public static func join(_ a: Double, _ b: Double) -> Double { b > a || b.isNaN ? b : a }
}

extension Graph {
  /// The seed in equal parts at all places where x is its extreme y.
  mutating func shared(_ seed: Value, among x: Value, equalTo y: Value) throws(GraphError) -> Value {
    let isExtreme = try one(Equal(), x, y)
    let number = try one(SumTo(shape(y)), isExtreme)
    return try one(Mul(), isExtreme, try one(Div(), seed, number))
  }
}
