import Basics
import Compute
import Networks
import Tensors

/// What is known while the nodes of a model become nodes of a graph: values by name, numbers that are known already.
final class GraphReading {
  /// Numbers of a value that can be known before a run; shapes and indices are few.
  static let mostKnown = 1 << 20
  /// Numbers in all, and operations to make them.
  private static let mostWork = 30_000_000.0
  /// Numbers that are kept, of all values that are known.
  private static let mostKept = 1 << 22
  /// Nodes that are read, those of functions and branches as often as they are used.
  static let mostNodes = 100_000

  var graph = Graph()
  /// The name of the first output of the node that is read.
  var output = ""
  let path: String
  /// The numbers of inputs that are given when the graph is made.
  private let given: [String: [Double]]
  private var known: [Value: [Double]] = [:]
  private var work = 0.0
  private var kept = 0
  private var nodes = 0
  /// The tensors of the parameters, by name.
  private(set) var parameters: [String: TensorNumbers] = [:]

  init(path: String, given: [String: [Double]]) { (self.path, self.given) = (path, given) }

  /// Numbers that never change: few become a constant, many a parameter of that name.
  func value(of tensor: TensorNumbers, name: String) throws(NodeError) -> OnnxValue {
    if tensor.type.isFloat && !name.isEmpty || tensor.shape.count > 1024 {
      parameters[name] = tensor
      do { return OnnxValue(try graph.parameter(name, tensor.shape), tensor.type) } catch {
        throw NodeError(.damaged, error.cause)
      }
    }
    return OnnxValue(try constant(try tensor.doubles(), tensor.shape.extents), tensor.type)
  }

  /// Numbers in an attribute.
  func value(of tensor: Onnx_TensorProto) throws(NodeError) -> OnnxValue {
    let numbers = try TensorNumbers(tensor, path: path)
    guard numbers.shape.count > 1024 else {
      return OnnxValue(try constant(try numbers.doubles(), numbers.shape.extents), numbers.type)
    }
    return try value(of: numbers, name: output)
  }

  func constant(_ numbers: [Double], _ extents: [Int]) throws(NodeError) -> Value {
    do { return try graph.constant(numbers, extents) } catch { throw NodeError(.damaged, error.cause) }
  }

  /// Bounds what later steps may hold for each cell along a dimension, and tensors that no machine here can have.
  private func expectPossible(_ op: any Operator, _ made: [Shape]) throws(NodeError) {
    let most = op is Compute.Resize ? 1 << 17 : 1 << 28
    for shape in made where shape.count > 1 << 36 || shape.extents.contains(where: { $0 > most }) {
      throw NodeError(
        .unsupported,
        "it would make \(shape): an extent may be \(most) at most, and a tensor have 2^36 elements")
    }
  }

  /// Adds a node; of constants of a few numbers the result is worked out at once.
  func apply(_ op: any Operator, _ inputs: [Value]) throws(NodeError) -> [Value] {
    let shapes = inputs.map { graph.shape($0) }
    let made: [Shape]
    do { made = try op.outputShapes(shapes) } catch {
      let found = shapes.map(\.description).joined(separator: ", ")
      throw NodeError(.mismatch, error.cause + (shapes.isEmpty ? "" : " (inputs \(found))"))
    }
    try expectPossible(op, made)
    let isConstant = inputs.allSatisfy { if case .constant = graph.origin($0) { true } else { false } }
    let numbersMade = made.reduce(0) { $0 + min($1.count, 1 << 20) }
    if isConstant, !op.isRandom, made.allSatisfy({ $0.count <= 4096 }), kept + numbersMade <= Self.mostKept {
      kept += numbersMade
      let results = try evaluate(
        op, try inputs.map { (value) throws(NodeError) in try numbers(value) }, shapes, made)
      var values: [Value] = []
      for (numbers, shape) in zip(results, made) { values.append(try constant(numbers, shape.extents)) }
      return values
    }
    do { return try graph.apply(op, inputs) } catch {
      throw NodeError(.mismatch, error.cause)
    }
  }

  /// The numbers of a value: constants, parameters, given inputs, and what follows from them.
  func numbers(_ value: Value) throws(NodeError) -> [Double] {
    if let leaf = try leaf(value) { return leaf }
    var order: [Int] = []
    var seen: Set<Int> = []
    var stack = [value]
    while let next = stack.popLast() {
      guard try leaf(next) == nil, case .node(let index, _) = graph.origin(next), seen.insert(index).inserted
      else { continue }
      order.append(index)
      stack += graph.nodes[index].call.inputs
    }
    for index in order.sorted() {
      let call = graph.nodes[index].call
      var inputs: [[Double]] = []
      for input in call.inputs {
        guard let numbers = try leaf(input) else {
          throw NodeError(.damaged, "a value is used before it is made")
        }
        inputs.append(numbers)
      }
      let results = try evaluate(
        graph.nodes[index].op, inputs, call.inputs.map { graph.shape($0) },
        call.outputs.map { graph.shape($0) })
      for (output, numbers) in zip(call.outputs, results) { try keep(numbers, of: output) }
    }
    return known[value] ?? []
  }

  /// nil when the numbers are still to be made.
  private func leaf(_ value: Value) throws(NodeError) -> [Double]? {
    if let numbers = known[value] { return numbers }
    let numbers: [Double]
    switch graph.origin(value) {
    case .constant(let constant): return constant
    case .parameter(let name):
      try expectFew(graph.shape(value))
      numbers = try parameters[name]?.doubles() ?? []
    case .input(let name):
      guard let found = given[name] else {
        throw NodeError(
          .unsupported,
          "it follows from the input `\(printable(name, limit: 200))`, which may change from run to run")
      }
      numbers = found
    case .node: return nil
    }
    try keep(numbers, of: value)
    return numbers
  }

  private func keep(_ numbers: [Double], of value: Value) throws(NodeError) {
    kept += numbers.count
    guard kept <= Self.mostKept else {
      throw NodeError(.unsupported, "more than \(Self.mostKept) numbers are to be known before the first run")
    }
    known[value] = numbers
  }

  /// Called for each node: functions that call each other can make a small file a huge graph.
  func countNode() throws(NodeError) {
    nodes += 1
    guard nodes <= Self.mostNodes else {
      throw NodeError(.unsupported, "the model has more than \(Self.mostNodes) nodes")
    }
  }

  private func expectFew(_ shape: Shape) throws(NodeError) {
    guard shape.count <= Self.mostKnown else {
      throw NodeError(
        .unsupported, "\(shape) are more numbers than can be known before a run (\(Self.mostKnown))")
    }
  }

  private func evaluate(_ op: any Operator, _ inputs: [[Double]], _ shapes: [Shape], _ made: [Shape])
    throws(NodeError) -> [[Double]]
  {
    for shape in made { try expectFew(shape) }
    guard !op.isRandom else { throw NodeError(.unsupported, "it is random") }
    work += op.cost(shapes, made).operations + Double(made.reduce(16) { $0 + $1.count })
    guard work <= Self.mostWork else {
      throw NodeError(.unsupported, "too much is to be worked out before the first run")
    }
    func operand(_ shape: Shape, _ numbers: [Double]?) -> Operand<Double> {
      let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: max(1, shape.count))
      unsafe buffer.initialize(repeating: 0)
      if let numbers {
        for index in 0..<min(shape.count, numbers.count) { unsafe buffer[index] = numbers[index] }
      }
      return unsafe Operand(shape, UnsafeMutableBufferPointer(rebasing: buffer[..<shape.count]))
    }
    let sources = zip(shapes, inputs).map { operand($0, $1) }
    let targets = made.map { operand($0, nil) }
    defer { for operand in sources + targets { unsafe operand.values.baseAddress?.deallocate() } }
    op.reference(sources, targets, .init())
    return targets.map { target in (0..<target.count).map { target[$0] } }
  }
}
