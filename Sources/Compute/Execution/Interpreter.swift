import Tensors

/// Runs a graph by the reference computations alone, every value in an array of its own: slow, plain, and in any
/// precision. What programs are tested against; in `Double`, what gradients are tested with.
public struct Interpreter<T: Real> {
  public let graph: Graph
  public init(_ graph: Graph) { self.graph = graph }

  /// - Parameter given: the numbers of inputs and parameters by name.
  /// - Returns: the numbers of each wanted value.
  /// - Throws: `RunError` when an input is missing or has another number of elements.
  public func run(_ wanted: [Value], _ given: [String: [T]], _ step: StepContext = .init()) throws(RunError)
    -> [[T]]
  {
    var storage: [Value: UnsafeMutableBufferPointer<T>] = [:]
    defer { for (_, buffer) in storage { unsafe buffer.deallocate() } }
    func make(_ value: Value) -> Operand<T> {
      let buffer = UnsafeMutableBufferPointer<T>.allocate(capacity: max(1, graph.shape(value).count))
      unsafe buffer.initialize(repeating: .nan)
      storage[value] = buffer
      return unsafe Operand(
        graph.shape(value), UnsafeMutableBufferPointer(rebasing: buffer[..<graph.shape(value).count]))
    }
    func operand(_ value: Value) throws(RunError) -> Operand<T> {
      if let buffer = storage[value] {
        return unsafe Operand(
          graph.shape(value), UnsafeMutableBufferPointer(rebasing: buffer[..<graph.shape(value).count]))
      }
      let result = make(value)
      switch graph.origin(value) {
      case .constant(let numbers):
        for (index, number) in numbers.enumerated() { result[index] = T(number) }
      case .input(let name), .parameter(let name):
        guard let numbers = given[name] else { throw RunError("`\(name)` is not given") }
        guard numbers.count == result.count else {
          throw RunError("`\(name)` needs \(result.count) numbers \(result.shape), found \(numbers.count)")
        }
        for (index, number) in numbers.enumerated() { result[index] = number }
      case .node: throw RunError("a value is used before it is made")
      }
      return result
    }
    for index in graph.nodes(for: wanted) {
      let node = graph.nodes[index]
      var inputs: [Operand<T>] = []
      for input in node.call.inputs { inputs.append(try operand(input)) }
      let outputs = node.call.outputs.map(make)
      node.op.reference(inputs, outputs, step)
    }
    var results: [[T]] = []
    for value in wanted {
      let result = try operand(value)
      results.append((0..<result.count).map { result[$0] })
    }
    return results
  }
}

/// What went wrong while a program was set up or run.
public struct RunError: Error, Sendable, Hashable, CustomStringConvertible {
  public let cause: String
  public init(_ cause: String) { self.cause = cause }
  public var description: String { cause }
}
