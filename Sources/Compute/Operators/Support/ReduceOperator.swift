import Kernels
import Tensors

/// Makes one number of all along some axes. An operator says how (`Reducer`) and its gradient.
public protocol ReduceOperator: Operator {
  associatedtype Reducer: Fold
  /// nil: all.
  var axes: [Int]? { get }
  /// Whether reduced dimensions stay, with an extent of 1.
  var keepsDimensions: Bool { get }
  /// The gradient by the input, from the input, the result and the seed; the last two with all dimensions.
  func gradient(_ x: Value, _ y: Value, _ seed: Value, in graph: inout Graph) throws(GraphError) -> Value
  /// Whether there is a result of no numbers at all: 0 for a sum, none for the greatest.
  static var takesNothing: Bool { get }
}

extension ReduceOperator {
  public static var takesNothing: Bool { true }
  public var detail: String {
    (axes.map { "axes \($0)" } ?? "all axes") + (keepsDimensions ? ", kept" : "")
  }

  private func isReduced(_ shape: Shape) throws(OperatorError) -> [Bool] {
    guard let axes else { return shape.extents.map { _ in true } }
    guard !axes.isEmpty else { throw OperatorError("no axes are named; leave them out to reduce all") }
    let reduced = try dimensions(axes, of: shape)
    return shape.extents.indices.map { reduced.contains($0) }
  }

  private func keptShape(_ shape: Shape) throws(OperatorError) -> Shape {
    let isReduced = try isReduced(shape)
    return try .made(shape.extents.indices.map { isReduced[$0] ? 1 : shape[$0] })
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    let isReduced = try isReduced(inputs[0])
    if !Self.takesNothing {
      for (dimension, extent) in inputs[0].extents.enumerated() where isReduced[dimension] && extent == 0 {
        throw OperatorError("dimension \(dimension) of \(inputs[0]) is empty: it has no such number")
      }
    }
    if keepsDimensions { return [try keptShape(inputs[0])] }
    return [try .made(inputs[0].extents.indices.filter { !isReduced[$0] }.map { inputs[0][$0] })]
  }

  private func folding(_ shape: Shape) -> Folding? {
    guard let isReduced = try? isReduced(shape) else { return nil }
    return Folding(shape.extents, isReduced)
  }

  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    folding(inputs[0].shape)?.reference(Reducer.self, inputs[0], outputs[0])
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    folding(inputs[0].shape)?.compute(Reducer.self, inputs[0], outputs[0], run)
  }

  public func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int {
    folding(inputs[0])?.workspaceBytes ?? 0
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: Double(inputs[0].count))
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    let x = call.inputs[0]
    let kept: Shape
    do { kept = try keptShape(graph.shape(x)) } catch {
      throw GraphError(path: call.path, error.cause, shapes: [graph.shape(x)])
    }
    func full(_ value: Value) throws(GraphError) -> Value {
      graph.shape(value) == kept ? value : try graph.one(Reshape(to: kept), value)
    }
    return [try gradient(x, try full(call.outputs[0]), try full(seed), in: &graph)]
  }
}

extension Graph {
  /// Repeated to the shape of another value.
  mutating func repeated(_ value: Value, as other: Value) throws(GraphError) -> Value {
    shape(value) == shape(other) ? value : try one(Expand(shape(other)), value)
  }
}

public enum SumFold: Fold {
  public static var start: Double { 0 }
  public static func take(_ sum: Double, _ x: Double) -> Double { sum + x }
  public static func take(_ sum: SIMD8<Double>, _ x: SIMD8<Double>) -> SIMD8<Double> { sum + x }
  public static func join(_ a: Double, _ b: Double) -> Double { a + b }
  public static func row(_ x: UnsafePointer<Float>, _ count: Int) -> Double? {
    unsafe isotach_sum(x, Int64(count))
  }
}

extension ReduceOperator {
  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let shape = inputs.first, let axes = try? isReduced(shape) else { return nil }
    if keepsDimensions { return axes[dimension] ? nil : output }
    // What is in front of a dimension that is gone has another place.
    let own = dimension + axes.count(where: \.self)
    return own < shape.rank && !axes[own...].contains(true) ? output : nil
  }
}
