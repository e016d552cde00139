import Tensors

/// Repeats a tensor to a larger shape (ONNX Expand, broadcasting one way).
public struct Expand: Operator {
  public static let name = "Expand"
  public let target: Shape
  public init(_ target: Shape) { self.target = target }
  public var detail: String { target.description }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    guard try Broadcasting([inputs[0], target]).shape == target else {
      throw OperatorError("\(inputs[0]) cannot be repeated to \(target)")
    }
    return [target]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let broadcasting = try? Broadcasting([inputs[0].shape, target]) else { return }
    broadcasting.forEach { outputs[0][$0] = inputs[0][$1] }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let walk = try? Broadcasting([inputs[0].shape, target]).walk else { return }
    let (x, y) = (inputs[0], outputs[0])
    run.parallel(over: y.count, grain: 4 * Grain.cheap) { piece in
      walk.rows(in: piece) { index, at, count in
        unsafe copy(from: x.pointer + at[0], walk.steps[0], to: y.pointer + index, count)
      }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.reduced(seed, to: call.inputs[0])]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: 0) }
}
