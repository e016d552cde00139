import Tensors

/// -x.
public struct Neg: UnaryOperator {
  public static let name = "Neg"
  public static var grain: Int { Grain.cheap }
  public init() {}

  public func apply<T: Real>(_ x: T) -> T { -x }
  public func derivative<T: Real>(_ x: T) -> T { -1 }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(Neg(), seed)]
  }
}
