import Tensors

/// y = f(a, b), element by element, with broadcasting. An operator says `apply` and the derivative with respect
/// to each operand; the loops are here, one set for each operator.
public protocol BinaryOperator: Operator {
  func apply<T: Real>(_ a: T, _ b: T) -> T
  /// df/da for position 0, df/db for position 1.
  func derivative<T: Real>(_ position: Int, _ a: T, _ b: T) -> T
  /// `count` elements, fast. A step of an operand is 1, or 0 for one number, or anything else.
  func row(
    _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
    _ y: UnsafeMutablePointer<Float>, _ count: Int)
  /// derivative * seed, fast.
  func gradientRow(
    _ position: Int, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
    _ seed: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int)
  static var grain: Int { get }
}

extension BinaryOperator {
  public static var grain: Int { Grain.cheap }
  public var overlays: [Int] { [0, 1] }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 2)
    return [try Broadcasting(inputs).shape]
  }

  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let broadcasting = try? Broadcasting(inputs.map(\.shape)) else { return }
    broadcasting.forEachPair { outputs[0][$0] = apply(inputs[0][$1], inputs[1][$2]) }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let walk = try? Broadcasting(inputs.map(\.shape)).walk else { return }
    let (a, b, y) = (inputs[0], inputs[1], outputs[0])
    run.parallel(over: y.count, grain: Self.grain) { piece in
      walk.rows(in: piece) { index, at, count in
        unsafe row(
          a.pointer + at[0], walk.steps[0], b.pointer + at[1], walk.steps[1], y.pointer + index, count)
      }
    }
  }

  public func row(
    _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
    _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    switch (aStep, bStep) {
    case (1, 1): for index in 0..<count { unsafe y[index] = apply(a[index], b[index]) }
    case (1, 0):
      let number = unsafe b[0]
      for index in 0..<count { unsafe y[index] = apply(a[index], number) }
    case (0, 1):
      let number = unsafe a[0]
      for index in 0..<count { unsafe y[index] = apply(number, b[index]) }
    default: for index in 0..<count { unsafe y[index] = apply(a[index * aStep], b[index * bStep]) }
    }
  }

  public func gradientRow(
    _ position: Int, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
    _ seed: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    if aStep == 1, bStep == 1 {
      for index in 0..<count { unsafe y[index] = derivative(position, a[index], b[index]) * seed[index] }
    } else {
      for index in 0..<count {
        unsafe y[index] = derivative(position, a[index * aStep], b[index * bStep]) * seed[index]
      }
    }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil] }
    var gradients: [Value?] = []
    for position in 0...1 {
      guard call.wanted[position] else {
        gradients.append(nil)
        continue
      }
      let whole = try graph.one(
        BinaryGradient(of: self, position), call.inputs[0], call.inputs[1], seed)
      gradients.append(try graph.reduced(whole, to: call.inputs[position]))
    }
    return gradients
  }
}

/// df/da * seed or df/db * seed, of the shape of the result; not yet summed over what was repeated.
struct BinaryGradient<Op: BinaryOperator>: Operator {
  static var name: String { Op.name + "Gradient" }
  let op: Op
  let position: Int
  init(of op: Op, _ position: Int) { (self.op, self.position) = (op, position) }
  var detail: String { "by input \(position)" }
  var overlays: [Int] { [2, 0, 1] }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 3)
    guard try Broadcasting(Array(inputs.prefix(2))).shape == inputs[2] else {
      throw OperatorError("the seed \(inputs[2]) is not what \(inputs[0]) and \(inputs[1]) make")
    }
    return [inputs[2]]
  }

  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    guard let broadcasting = try? Broadcasting([inputs[0].shape, inputs[1].shape]) else { return }
    broadcasting.forEachPair { index, a, b in
      outputs[0][index] = op.derivative(position, inputs[0][a], inputs[1][b]) * inputs[2][index]
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    guard let walk = try? Broadcasting([inputs[0].shape, inputs[1].shape]).walk else { return }
    let (a, b, seed, y) = (inputs[0], inputs[1], inputs[2], outputs[0])
    run.parallel(over: y.count, grain: Op.grain) { piece in
      walk.rows(in: piece) { index, at, count in
        unsafe op.gradientRow(
          position, a.pointer + at[0], walk.steps[0], b.pointer + at[1], walk.steps[1], seed.pointer + index,
          y.pointer + index, count)
      }
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noSecondGradient(call)
  }
}
