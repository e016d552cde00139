import Tensors
import Testing

@testable import Compute

/// A graph on one input `x` whose parameters hold patterns: computed plain in double, and in blocks in every way.
struct BlockedGraph {
  var graph = Graph()
  var given: [String: [Double]] = [:]
  let input: Value

  init(_ extents: [Int]) throws {
    input = try graph.input("x", Shape(extents))
    given["x"] = Pattern.numbers(extents.reduce(1, *), seed: 3).map { Double(Float($0)) }
  }

  mutating func parameter(_ extents: [Int], _ range: ClosedRange<Double> = -1...1) throws -> Value {
    let name = "p\(graph.parameters.count)"
    let shape = try Shape(extents)
    given[name] = Pattern.numbers(shape.count, seed: graph.parameters.count + 100).map {
      Double(Float(range.lowerBound + ($0 + 1) / 2 * (range.upperBound - range.lowerBound)))
    }
    return try graph.parameter(name, shape)
  }

  /// A convolution whose results are about as large as its input.
  mutating func conv(
    _ x: Value, _ filters: Int, kernel: [Int] = [3, 3], strides: [Int] = [], dilations: [Int] = [],
    pads: [Int]? = nil, groups: Int = 1, bias: Bool = true
  ) throws -> Value {
    let channels = graph.shape(x)[1] / groups
    let scale = 1.7 / Double(channels * kernel[0] * kernel[1]).squareRoot()
    let w = try parameter([filters, channels] + kernel, -scale...scale)
    let reach = zip(kernel, dilations.isEmpty ? [1, 1] : dilations).map { ($0 - 1) * $1 }
    let pads = pads ?? (reach.map { $0 / 2 } + reach.map { $0 - $0 / 2 })
    let op = Conv(strides: strides, dilations: dilations, pads: pads, groups: groups)
    return try graph.apply(op, [x, w] + (bias ? [try parameter([filters])] : []))[0]
  }

  mutating func transposed(
    _ x: Value, _ filters: Int, kernel: [Int] = [2, 2], strides: [Int] = [2, 2], pads: [Int] = [0, 0, 0, 0],
    groups: Int = 1
  ) throws -> Value {
    let channels = graph.shape(x)[1]
    let scale = 1.7 / Double(channels / groups).squareRoot()
    let w = try parameter([channels, filters / groups] + kernel, -scale...scale)
    let op = ConvTranspose(strides: strides, pads: pads, groups: groups)
    return try graph.one(op, x, w, try parameter([filters]))
  }

  mutating func batchNorm(_ x: Value) throws -> Value {
    let channels = graph.shape(x)[1]
    return try graph.one(
      BatchNormalization(), x, try parameter([channels], 0.5...1.5), try parameter([channels]),
      try parameter([channels]), try parameter([channels], 0.5...1.5))
  }

  /// The double reference of the plain graph.
  func exact(_ y: Value) throws -> [Double] { try Interpreter<Double>(graph).run([y], given)[0] }

  static func run(
    _ graph: Graph, _ goals: Goals, _ given: [String: [Double]], threads: Int
  ) throws -> (numbers: [Float], plan: ProgramPlan) {
    let plan = try ProgramPlan(graph, goals, prepares: true, threads: threads)
    ProgramPlanTests.check(plan, plan.main, wanted: goals.values)
    ProgramPlanTests.check(plan, plan.preparation, wanted: [])
    let program = try Program(plan, team: ThreadTeam(threads: threads))
    let parameters = try Parameters(try ParameterLayout(graph.parameters.map { ($0.name, $0.shape) }))
    for entry in parameters.layout.entries {
      for (index, number) in (given[entry.name] ?? []).enumerated() {
        parameters[entry][index] = Float(number)
      }
    }
    var inputs: [String: Operand<Float>] = [:]
    var tensors: [String: Operand<Float>] = [:]
    for value in graph.values {
      guard case .input(let name) = graph.origin(value), let numbers = given[name] else { continue }
      let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: numbers.count)
      _ = memory.initialize(from: numbers.map { Float($0) })
      inputs[name] = Operand(graph.shape(value), memory)
    }
    tensors = inputs
    defer { for (_, one) in tensors { one.values.deallocate() } }
    var results: [[Float]] = []
    // Twice: what the first run left in the arena must not matter.
    for _ in 0..<2 {
      results.append(
        try program.run(inputs, parameters: parameters) { outputs in
          goals.outputs.flatMap { name, _ in outputs[name].map { o in (0..<o.count).map { o[$0] } } ?? [] }
        })
    }
    #expect(results[0].map(\.bitPattern) == results[1].map(\.bitPattern), "two runs differ")
    return (results[0], plan)
  }

  /// Checks the blocked graph: its reference in double, both precisions, one and two threads.
  /// - Returns: the names of the operators of the fast one.
  @discardableResult
  func check(_ y: Value, fast: Double = 2e-5, exact: Double = 2e-6, _ what: String = "") throws -> [String] {
    let expected = try self.exact(y)
    let scale = expected.map(abs).max() ?? 0
    var names: [String] = []
    for (precision, tolerance) in [(LayoutOptions.Precision.exact, exact), (.fast, fast)] {
      let made = try optimised(
        graph, Goals(outputs: [("y", y)]), layouts: LayoutOptions(precision: precision))
      let reference = try Interpreter<Double>(made.graph).run(made.goals.values, given)[0]
      expectClose(reference, expected, rtol: 0, atol: 1e-9 * scale, "\(what) reference, \(precision)")
      let one = try Self.run(made.graph, made.goals, given, threads: 1)
      let two = try Self.run(made.graph, made.goals, given, threads: 2)
      #expect(one.numbers.map(\.bitPattern) == two.numbers.map(\.bitPattern), "1 and 2 threads differ")
      expectClose(
        one.numbers.map(Double.init), expected, rtol: 0, atol: tolerance * scale, "\(what) \(precision)")
      names = PassTests.names(made.graph, made.goals)
    }
    return names
  }
}
