import Tensors

/// Short names for those who write losses and layers: a formula reads as a formula.
extension Graph {
  public mutating func add(_ a: Value, _ b: Value) throws(GraphError) -> Value { try one(Add(), a, b) }
  public mutating func add(_ a: Value, _ b: Double) throws(GraphError) -> Value {
    try one(Add(), a, constant(b))
  }
  public mutating func subtract(_ a: Value, _ b: Value) throws(GraphError) -> Value { try one(Sub(), a, b) }
  public mutating func subtract(_ a: Value, _ b: Double) throws(GraphError) -> Value {
    try one(Sub(), a, constant(b))
  }
  public mutating func subtract(_ a: Double, _ b: Value) throws(GraphError) -> Value {
    try one(Sub(), constant(a), b)
  }
  public mutating func multiply(_ a: Value, _ b: Value) throws(GraphError) -> Value { try one(Mul(), a, b) }
  public mutating func multiply(_ a: Value, _ b: Double) throws(GraphError) -> Value {
    try one(Mul(), a, constant(b))
  }
  public mutating func divide(_ a: Value, _ b: Value) throws(GraphError) -> Value { try one(Div(), a, b) }
  public mutating func divide(_ a: Value, _ b: Double) throws(GraphError) -> Value {
    try one(Div(), a, constant(b))
  }
  public mutating func divide(_ a: Double, _ b: Value) throws(GraphError) -> Value {
    try one(Div(), constant(a), b)
  }
  public mutating func power(_ a: Value, _ b: Value) throws(GraphError) -> Value { try one(Pow(), a, b) }
  public mutating func power(_ a: Value, _ b: Double) throws(GraphError) -> Value {
    try one(Pow(), a, constant(b))
  }
  public mutating func minimum(_ a: Value, _ b: Value) throws(GraphError) -> Value { try one(Min(), a, b) }
  public mutating func minimum(_ a: Value, _ b: Double) throws(GraphError) -> Value {
    try one(Min(), a, constant(b))
  }
  public mutating func maximum(_ a: Value, _ b: Value) throws(GraphError) -> Value { try one(Max(), a, b) }
  public mutating func maximum(_ a: Value, _ b: Double) throws(GraphError) -> Value {
    try one(Max(), a, constant(b))
  }
  /// 1 where a > b, else 0.
  public mutating func isGreater(_ a: Value, _ b: Double) throws(GraphError) -> Value {
    try one(Greater(), a, constant(b))
  }
  public mutating func isGreater(_ a: Value, _ b: Value) throws(GraphError) -> Value {
    try one(Greater(), a, b)
  }
  /// a where the condition is not 0, else b.
  public mutating func choose(_ condition: Value, _ a: Value, _ b: Value) throws(GraphError) -> Value {
    try one(Where(), condition, a, b)
  }

  public mutating func negative(_ x: Value) throws(GraphError) -> Value { try one(Neg(), x) }
  public mutating func absolute(_ x: Value) throws(GraphError) -> Value { try one(Abs(), x) }
  public mutating func square(_ x: Value) throws(GraphError) -> Value { try one(Square(), x) }
  public mutating func squareRoot(_ x: Value) throws(GraphError) -> Value { try one(Sqrt(), x) }
  public mutating func exp(_ x: Value) throws(GraphError) -> Value { try one(Exp(), x) }
  public mutating func log(_ x: Value) throws(GraphError) -> Value { try one(Log(), x) }
  public mutating func log1p(_ x: Value) throws(GraphError) -> Value { try one(Log1p(), x) }
  public mutating func lgamma(_ x: Value) throws(GraphError) -> Value { try one(Lgamma(), x) }
  public mutating func sigmoid(_ x: Value) throws(GraphError) -> Value { try one(Sigmoid(), x) }
  public mutating func softplus(_ x: Value) throws(GraphError) -> Value { try one(Softplus(), x) }
  public mutating func clip(_ x: Value, _ low: Double, _ high: Double) throws(GraphError) -> Value {
    try one(Clip(low: low, high: high), x)
  }

  /// The sum along axes (nil: of all numbers, a scalar when dimensions are not kept).
  public mutating func sum(_ x: Value, axes: [Int]? = nil, keepsDimensions: Bool = false) throws(GraphError)
    -> Value
  {
    try one(ReduceSum(axes: axes, keepsDimensions: keepsDimensions), x)
  }
  /// The mean along axes (nil: of all numbers, a scalar when dimensions are not kept).
  public mutating func mean(_ x: Value, axes: [Int]? = nil, keepsDimensions: Bool = false) throws(GraphError)
    -> Value
  {
    try one(ReduceMean(axes: axes, keepsDimensions: keepsDimensions), x)
  }

  public mutating func reshape(_ x: Value, _ extents: [Int]) throws(GraphError) -> Value {
    try one(Reshape(extents), x)
  }
  public mutating func concat(_ inputs: [Value], axis: Int) throws(GraphError) -> Value {
    guard let first = inputs.first else { throw GraphError(path: path, "Concat of nothing", shapes: []) }
    return inputs.count == 1 ? first : try apply(Concat(axis: axis), inputs)[0]
  }
  /// Elements `start` to before `end` along an axis.
  public mutating func slice(_ x: Value, axis: Int, _ start: Int, _ end: Int) throws(GraphError) -> Value {
    try one(Slice(axis: axis, start, end), x)
  }
}
