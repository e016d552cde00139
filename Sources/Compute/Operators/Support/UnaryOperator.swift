import Tensors

/// y = f(x), element by element. An operator says `apply` and `derivative`; the loops are here. They are
/// requirements, so that each operator gets loops of its own in which the formula is inlined.
public protocol UnaryOperator: Operator {
  /// Whether `derivative` is a formula of the result y instead of x: then x need not be kept.
  var differentiatesResult: Bool { get }
  func apply<T: Real>(_ x: T) -> T
  /// dy/dx, of x or of y (`differentiatesResult`).
  func derivative<T: Real>(_ x: T) -> T
  /// `count` elements, fast; x and y may be the same.
  func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int)
  /// derivative(x) * seed, `count` elements, fast; the result may lie where x or the seed is.
  func gradientRow(
    _ x: UnsafePointer<Float>, _ seed: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ count: Int)
  /// Elements a thread takes at a time.
  static var grain: Int { get }
}

extension UnaryOperator {
  public var differentiatesResult: Bool { false }
  public static var grain: Int { Grain.dear }
  public var overlays: [Int] { [0] }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    return [inputs[0]]
  }

  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    for index in 0..<outputs[0].count { outputs[0][index] = apply(inputs[0][index]) }
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, y) = (inputs[0], outputs[0])
    run.parallel(over: y.count, grain: Self.grain) { piece in
      unsafe row(x.pointer + piece.lowerBound, y.pointer + piece.lowerBound, piece.count)
    }
  }

  public func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) {
    for index in 0..<count { unsafe y[index] = apply(x[index]) }
  }

  public func gradientRow(
    _ x: UnsafePointer<Float>, _ seed: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    for index in 0..<count { unsafe gradient[index] = derivative(x[index]) * seed[index] }
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    let known = differentiatesResult ? call.outputs[0] : call.inputs[0]
    return [try graph.one(UnaryGradient(of: self), known, seed)]
  }
}

/// f'(x) * seed, of x or of f(x).
struct UnaryGradient<Op: UnaryOperator>: Operator {
  static var name: String { Op.name + "Gradient" }
  let op: Op
  init(of op: Op) { self.op = op }
  var detail: String { op.detail }
  var overlays: [Int] { [1, 0] }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 2)
    try expectSame(inputs)
    return [inputs[1]]
  }

  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    for index in 0..<outputs[0].count {
      outputs[0][index] = op.derivative(inputs[0][index]) * inputs[1][index]
    }
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    let (x, seed, gradient) = (inputs[0], inputs[1], outputs[0])
    run.parallel(over: gradient.count, grain: Op.grain) { piece in
      let first = piece.lowerBound
      unsafe op.gradientRow(x.pointer + first, seed.pointer + first, gradient.pointer + first, piece.count)
    }
  }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noSecondGradient(call)
  }
}

/// Calls `body` with a scratch of at most 512 numbers for each stretch: so kernels can be chained while the result
/// may lie where the input is.
@inline(__always)
func inPieces(
  _ count: Int, _ body: (_ first: Int, _ count: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void
) {
  let size = 512
  withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { scratch in
    guard let scratch = scratch.baseAddress else { return }
    for first in stride(from: 0, to: count, by: size) {
      unsafe body(first, min(size, count - first), scratch)
    }
  }
}

extension Operator {
  /// The number of inputs is the first thing to be right.
  func expectInputs(_ inputs: [Shape], _ count: Int) throws(OperatorError) {
    guard inputs.count == count else {
      throw OperatorError("\(count) input\(count == 1 ? "" : "s") expected, found \(inputs.count)")
    }
  }

  func expectSame(_ inputs: [Shape]) throws(OperatorError) {
    for shape in inputs.dropFirst() where shape != inputs[0] {
      throw OperatorError("the shapes must be equal, found \(inputs[0]) and \(shape)")
    }
  }

  /// For operators that are gradients themselves.
  func noSecondGradient(_ call: Call) -> GraphError {
    GraphError(path: call.path, "\(Self.name) has no gradient of its own", shapes: [])
  }

  /// A dimension counted from the front, or from the back when negative.
  func dimension(_ axis: Int, of shape: Shape) throws(OperatorError) -> Int {
    guard axis >= -shape.rank, axis < shape.rank else {
      throw OperatorError("there is no axis \(axis) in \(shape)")
    }
    return axis < 0 ? axis + shape.rank : axis
  }

  /// Dimensions in ascending order, each once.
  func dimensions(_ axes: [Int], of shape: Shape) throws(OperatorError) -> [Int] {
    var found: [Int] = []
    for axis in axes {
      let one = try dimension(axis, of: shape)
      guard !found.contains(one) else { throw OperatorError("the axis \(axis) is named twice in \(axes)") }
      found.append(one)
    }
    return found.sorted()
  }
}

extension Shape {
  /// The shape of extents that come from other shapes.
  static func made(_ extents: [Int]) throws(OperatorError) -> Shape {
    do { return try Shape(extents) } catch { throw OperatorError(error) }
  }
}
