import Tensors

/// The sum along some axes, or of all numbers. In double, in an order that the shapes alone decide.
public struct ReduceSum: ReduceOperator {
  public static let name = "ReduceSum"
  public typealias Reducer = SumFold
  public let axes: [Int]?
  public let keepsDimensions: Bool
  public init(axes: [Int]? = nil, keepsDimensions: Bool = false) {
    (self.axes, self.keepsDimensions) = (axes, keepsDimensions)
  }

  public func gradient(_ x: Value, _ y: Value, _ seed: Value, in graph: inout Graph) throws(GraphError)
    -> Value
  {
    try graph.repeated(seed, as: x)
  }
}
