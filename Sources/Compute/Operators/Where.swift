import Tensors

/// a where the condition is not 0, else b, with broadcasting of all three. The condition has no gradient.
public struct Where: Operator {
  public static let name = "Where"
  public init() {}
  public var overlays: [Int] { [1, 2, 0] }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 3)
    return [try Broadcasting(inputs).shape]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let walk = try? Broadcasting(inputs.map(\.shape)).walk else { return }
    walk.rows(in: 0..<walk.count) { index, at, count in
      for k in 0..<count {
        let here = at &+ walk.steps &* k
        outputs[0][index + k] = inputs[0][here[0]] != 0 ? inputs[1][here[1]] : inputs[2][here[2]]
      }
    }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let walk = try? Broadcasting(inputs.map(\.shape)).walk else { return }
    let (condition, a, b, y) = (inputs[0], inputs[1], inputs[2], outputs[0])
    let (c1, a1, b1) = (walk.steps[0], walk.steps[1], walk.steps[2])
    run.parallel(over: y.count, grain: Grain.cheap) { piece in
      walk.rows(in: piece) { index, at, count in
        unsafe row(
          condition.pointer + at[0], c1, a.pointer + at[1], a1, b.pointer + at[2], b1, y.pointer + index,
          count)
      }
    }
  }

  private func row(
    _ condition: UnsafePointer<Float>, _ c1: Int, _ a: UnsafePointer<Float>, _ a1: Int,
    _ b: UnsafePointer<Float>, _ b1: Int, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    if c1 == 1, a1 == 1, b1 == 1 {
      for k in 0..<count { unsafe y[k] = condition[k] != 0 ? a[k] : b[k] }
    } else {
      for k in 0..<count { unsafe y[k] = condition[k * c1] != 0 ? a[k * a1] : b[k * b1] }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil, nil] }
    let condition = call.inputs[0]
    let zero = graph.constant(0)
    var gradients: [Value?] = [nil, nil, nil]
    if call.wanted[1] {
      gradients[1] = try graph.reduced(try graph.one(Where(), condition, seed, zero), to: call.inputs[1])
    }
    if call.wanted[2] {
      gradients[2] = try graph.reduced(try graph.one(Where(), condition, zero, seed), to: call.inputs[2])
    }
    return gradients
  }
}
