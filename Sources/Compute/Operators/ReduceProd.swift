import Tensors

/// The product along some axes, or of all numbers; 1 of none. Its gradient is right where numbers are 0 too, as in PyTorch.
public struct ReduceProd: ReduceOperator {
  public static let name = "ReduceProd"
  public typealias Reducer = ProductFold
  public let axes: [Int]?
  public let keepsDimensions: Bool
  public init(axes: [Int]? = nil, keepsDimensions: Bool = false) {
    (self.axes, self.keepsDimensions) = (axes, keepsDimensions)
  }

  /// The product of the others: of all over x, or, where x is the only 0, of all that are not 0.
  public func gradient(_ x: Value, _ y: Value, _ seed: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    let (zero, one) = (graph.constant(0), graph.constant(1))
    let isZero = try graph.one(Equal(), x, zero)
    let safe = try graph.one(Where(), isZero, one, x)
    let product = try graph.one(ReduceProd(axes: axes, keepsDimensions: true), safe)
    let zeros = try graph.one(ReduceSum(axes: axes, keepsDimensions: true), isZero)
    let others = try graph.one(Sub(), zeros, isZero)
    let share = try graph.one(
      Where(), try graph.one(Equal(), others, zero), try graph.one(Div(), product, safe), zero)
    return try graph.one(Mul(), share, seed)
  }
}

public enum ProductFold: Fold {
  public static var start: Double { 1 }
  public static func take(_ product: Double, _ x: Double) -> Double { product * x }
  public static func take(_ product: SIMD8<Double>, _ x: SIMD8<Double>) -> SIMD8<Double> { product * x }
  public static func join(_ a: Double, _ b: Double) -> Double { a * b }
}
