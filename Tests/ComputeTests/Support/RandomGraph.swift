import Tensors
import Testing

@testable import Compute

/// Graphs of random operators on small images, with parameters, statistics that are updated, and gradients.
struct RandomGraph {
  var graph = Graph()
  var goals = Goals(outputs: [])
  var given: [String: [Double]] = [:]
  private var random: RandomStream
  /// Images that further nodes may read.
  private var images: [Value] = []
  private var updates: [(parameter: String, value: Value)] = []

  /// - Parameters:
  ///   - training: with batch statistics, dropout, a loss and gradients that go to memory of the caller.
  init(seed: UInt64, nodes: Int, training: Bool) throws {
    random = RandomStream(seed: seed, stream: 77)
    let x = try graph.input("x", Shape([2, 4, 6, 5]))
    given["x"] = Pattern.numbers(240, seed: Int(seed) + 1)
    images = [x]
    while graph.nodes.count < nodes { try add(training: training) }
    var outputs: [(name: String, value: Value)] = []
    for index in 0..<2 {
      outputs.append(("y\(index)", try choose(images.suffix(4))))
    }
    goals = Goals(outputs: outputs, updates: updates)
    guard training else { return }
    var loss = try graph.constant([0], [])
    for value in images.suffix(3) {
      loss = try graph.one(Add(), loss, try graph.one(SumTo(.scalar), try graph.one(Tanh(), value)))
    }
    let statistics = Set(updates.map(\.parameter))
    let trained = graph.parameters.filter { !statistics.contains($0.name) }
    var values: [Value] = []
    for (name, shape) in trained { values.append(try graph.parameter(name, shape)) }
    let gradients = try differentiate(loss, by: values, in: &graph)
    goals.outputs.append(("loss", loss))
    goals.external = zip(trained, gradients).map { (name: $0.name, value: $1) }
  }

  private mutating func choose<C: RandomAccessCollection>(_ values: C) throws -> C.Element
  where C.Index == Int {
    values[values.startIndex + random.nextInteger(below: values.count)]
  }

  private mutating func parameter(_ extents: [Int], _ range: ClosedRange<Double> = -0.5...0.5) throws -> Value
  {
    let name = "p\(graph.parameters.count)"
    let shape = try Shape(extents)
    given[name] = Pattern.numbers(shape.count, seed: graph.parameters.count + 100).map {
      range.lowerBound + ($0 + 1) / 2 * (range.upperBound - range.lowerBound)
    }
    return try graph.parameter(name, shape)
  }

  private mutating func add(training: Bool) throws {
    let x = try choose(images.suffix(6))
    let shape = graph.shape(x)
    let channels = shape[1]
    let made: Value
    switch random.nextInteger(below: 15) {
    case 0:
      let filters = 2 + random.nextInteger(below: 4)
      made = try graph.one(
        Conv(pads: [1, 1, 1, 1]), x, try parameter([filters, channels, 3, 3]), try parameter([filters]))
    case 1:
      let w = try parameter([channels, 3, 3, 3])
      made = try graph.one(ConvTranspose(pads: [1, 1, 1, 1]), x, w)
    case 2: made = try graph.one(Relu(), x)
    case 3: made = try graph.one(Sigmoid(), x)
    case 4: made = try graph.one(Gelu(), x)
    case 5, 6:
      let others = images.filter { graph.shape($0) == shape }
      made = try graph.one(random.nextInteger(below: 2) == 0 ? Add() : Mul(), x, try choose(others))
    case 7 where shape[2] > 2:
      made = try graph.one(MaxPool(.init(kernel: [2, 2], stride: [1, 1])), x)
    case 8 where shape[3] > 2:
      made = try graph.one(AveragePool(.init(kernel: [3, 3], stride: [1, 1], padsBefore: [1, 1])), x)
    case 9, 10, 11: made = try normalise(x, channels, training)
    case 12:
      made = try graph.one(
        GroupNormalization(groups: 1), x, try parameter([channels], 0.5...1.5), try parameter([channels]))
    case 13 where training:
      made = try graph.one(Dropout(0.25, stream: UInt32(random.nextInteger(below: 3))), x)
    case 14:
      made = try graph.one(LeakyRelu(), x)
    default:
      // Parameters alone: something to prepare.
      let factor = try graph.one(Sigmoid(), try parameter([channels, 1, 1]))
      made = try graph.one(Mul(), x, try graph.one(Relu(), factor))
    }
    images.append(made)
  }

  private mutating func normalise(_ x: Value, _ channels: Int, _ training: Bool) throws -> Value {
    let scale = try parameter([channels], 0.5...1.5)
    let bias = try parameter([channels])
    let mean = try parameter([channels])
    let variance = try parameter([channels], 0.5...1.5)
    guard training else { return try graph.one(BatchNormalization(), x, scale, bias, mean, variance) }
    let made = try graph.apply(BatchNormalizationTraining(), [x, scale, bias, mean, variance])
    for (parameter, value) in [(mean, made[3]), (variance, made[4])] {
      if case .parameter(let name) = graph.origin(parameter) { updates.append((name, value)) }
    }
    return made[0]
  }

  /// The numbers of all goals by the double reference, by name: outputs, external values, updates.
  func exact(_ step: StepContext = .init()) throws -> [String: [Double]] {
    let numbers = try Interpreter<Double>(graph).run(goals.values, given, step)
    let names =
      goals.outputs.map(\.name) + goals.external.map { "gradient " + $0.name }
      + goals.updates.map { "update " + $0.parameter }
    return Dictionary(zip(names, numbers)) { first, _ in first }
  }

  /// The same by a program.
  func run(
    _ plan: ProgramPlan, _ step: StepContext = .init(), threads: Int = 1
  ) throws -> [String: [Double]] {
    let program = try Program(plan, team: ThreadTeam(threads: threads))
    let parameters = try Parameters(
      try ParameterLayout(graph.parameters.map { ($0.name, $0.shape) }))
    for (name, numbers) in given {
      for (index, number) in numbers.enumerated() { parameters[name]?[index] = Float(number) }
    }
    let gradients = try Parameters(
      try ParameterLayout(plan.external.map { ($0.name, graph.shape(try graph.copyOfParameter($0.name))) }))
    var x = Operand<Float>(.scalar, .init(start: nil, count: 0))
    let storage = try Tensor(repeating: 0, Shape([2, 4, 6, 5]))
    x = Operand(storage.shape, storage.storage)
    for (index, number) in (given["x"] ?? []).enumerated() { x[index] = Float(number) }
    var external: [String: Operand<Float>] = [:]
    for entry in gradients.layout.entries { external[entry.name] = gradients[entry] }
    var results = try program.run(
      ["x": x], external: external, parameters: parameters, step: step
    ) { outputs in outputs.mapValues { o in (0..<o.count).map { Double(o[$0]) } } }
    for (name, operand) in external {
      results["gradient " + name] = (0..<operand.count).map { Double(operand[$0]) }
    }
    for (name, _) in plan.updates {
      if let operand = parameters[name] {
        results["update " + name] = (0..<operand.count).map { Double(operand[$0]) }
      }
    }
    _ = storage.shape
    return results
  }
}

extension Graph {
  func copyOfParameter(_ name: String) throws -> Value {
    for value in values { if case .parameter(name) = origin(value) { return value } }
    throw RunError("no parameter `\(name)`")
  }
}

/// Compares all goals by name, relative to the largest number of each. `floor`: for gradients that are 0 but for
/// rounding (of a bias before a batch normalisation).
func expectSame(
  _ found: [String: [Double]], _ expected: [String: [Double]], tolerance: Double, floor: Double = 1e-12,
  _ what: String
) {
  for (name, numbers) in expected {
    expectClose(
      found[name] ?? [], numbers, rtol: tolerance,
      atol: tolerance * (numbers.map(abs).max() ?? 0) + floor, "\(what): \(name)")
  }
}
