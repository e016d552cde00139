import Foundation
import Tensors
import Testing

@testable import Compute

/// One way of using an operator. From it follow all checks: the fast computation against the reference, gradients
/// against finite differences in double, one thread against two, and the peer's numbers.
///
/// The loss of the gradient checks is the sum over all outputs of output x `Pattern` (seed 99).
struct OperatorCase: Sendable, CustomTestStringConvertible {
  struct Input: Sendable {
    var extents: [Int]
    var range: ClosedRange<Double> = -1...1
    /// Instead of the pattern: indices, for example.
    var numbers: [Double]?
    var isDifferentiable = true
  }
  let name: String
  let op: any Operator
  let inputs: [Input]
  /// Which outputs the loss is made of.
  var outputs: [Int] = [0]
  /// Where the formula is not smooth or random, finite differences mean nothing.
  var checksGradient = true
  /// False where there is a gradient but a kink: compared with the peer alone.
  var checksFiniteDifferences = true
  /// The case of that name in `golden/<operator>.json`.
  var hasGolden = false
  /// Other tolerance for fast against reference, relative to the largest element.
  var tolerance = 2e-6
  /// About how many elements of each input the finite differences are taken of.
  var differences = 40

  var testDescription: String { "\(type(of: op).name) \(name)" }

  init(
    _ name: String, _ op: any Operator, _ inputs: [Input], outputs: [Int] = [0], checksGradient: Bool = true,
    hasGolden: Bool = false, tolerance: Double = 2e-6, checksFiniteDifferences: Bool = true,
    differences: Int = 40
  ) {
    (self.name, self.op, self.inputs, self.outputs) = (name, op, inputs, outputs)
    (self.checksGradient, self.hasGolden, self.tolerance) = (checksGradient, hasGolden, tolerance)
    (self.checksFiniteDifferences, self.differences) = (checksFiniteDifferences, differences)
  }

  func numbers(_ position: Int) -> [Double] {
    let input = inputs[position]
    if let numbers = input.numbers { return numbers }
    let (low, high) = (input.range.lowerBound, input.range.upperBound)
    // As the peer script reckons it.
    return Pattern.numbers(input.extents.reduce(1, *), seed: position + 1).map {
      low + ($0 + 1) / 2 * (high - low)
    }
  }

  /// Runs all checks.
  func check() throws {
    var graph = Graph()
    var values: [Value] = []
    for (position, input) in inputs.enumerated() {
      values.append(try graph.parameter("x\(position)", try Shape(input.extents)))
    }
    let made = try graph.apply(op, values)
    let wanted = outputs.map { made[$0] }
    let given = Dictionary(uniqueKeysWithValues: inputs.indices.map { ("x\($0)", numbers($0)) })
    let exact = try Interpreter<Double>(graph).run(wanted, given)

    var loss: Value?
    for (position, value) in wanted.enumerated() {
      let shape = graph.shape(value)
      let weights = try graph.constant(
        Pattern.numbers(shape.count, seed: 99 + position), shape.extents)
      let part = try graph.one(SumTo(.scalar), try graph.one(Mul(), value, weights))
      loss = if let sum = loss { try graph.one(Add(), sum, part) } else { part }
    }
    let whole = try #require(loss)
    let differentiable = inputs.indices.filter { checksGradient && inputs[$0].isDifferentiable }
    let gradients = try differentiate(whole, by: differentiable.map { values[$0] }, in: &graph)

    try checkProgram(graph, wanted, gradients, given, exact)
    let gradientNumbers = try Interpreter<Double>(graph).run(gradients, given)
    if checksFiniteDifferences {
      try checkFiniteDifferences(graph, whole, differentiable, gradientNumbers, given)
    }
    if hasGolden {
      try checkGolden(exact, Dictionary(uniqueKeysWithValues: zip(differentiable, gradientNumbers)))
    }
  }

  /// float32, fast, with one and two threads.
  private func checkProgram(
    _ graph: Graph, _ wanted: [Value], _ gradients: [Value], _ given: [String: [Double]], _ exact: [[Double]]
  ) throws {
    let exactGradients = try Interpreter<Double>(graph).run(gradients, given)
    let named = (wanted + gradients).enumerated().map { (name: "v\($0)", value: $1) }
    let layout = try ParameterLayout(graph.parameters.map { ($0.name, $0.shape) })
    let parameters = try Parameters(layout)
    for entry in layout.entries {
      let numbers = try #require(given[entry.name])
      for (index, number) in numbers.enumerated() { parameters[entry][index] = Float(number) }
    }
    var results: [[[Float]]] = []
    for threads in [1, 2] {
      let program = try Program(
        try ProgramPlan(graph, outputs: named, threads: threads), team: ThreadTeam(threads: threads))
      results.append(
        try program.run([:], parameters: parameters) { outputs in
          named.map { name, _ in outputs[name].map { o in (0..<o.count).map { o[$0] } } ?? [] }
        })
    }
    #expect(
      results[0].map { $0.map(\.bitPattern) } == results[1].map { $0.map(\.bitPattern) },
      "1 and 2 threads differ")
    for (position, expected) in (exact + exactGradients).enumerated() {
      let isGradient = position >= exact.count
      expectClose(
        results[0][position].map(Double.init), expected, rtol: isGradient ? 1e-4 : tolerance,
        atol: (isGradient ? 1e-5 : tolerance) * (expected.map(abs).max() ?? 0) + 1e-30,
        "\(isGradient ? "gradient" : "output") \(position), float32")
    }
  }

  private func checkFiniteDifferences(
    _ graph: Graph, _ loss: Value, _ differentiable: [Int], _ gradients: [[Double]],
    _ given: [String: [Double]]
  ) throws {
    let interpreter = Interpreter<Double>(graph)
    for (position, numbers) in zip(differentiable, gradients) {
      let name = "x\(position)"
      let scale = max(1e-3, numbers.map(abs).max() ?? 0)
      // Some elements stand for all.
      let step = max(1, numbers.count / differences)
      for index in Swift.stride(from: 0, to: numbers.count, by: step) {
        func value(_ change: Double) throws -> Double {
          var changed = given
          changed[name]?[index] += change
          return try interpreter.run([loss], changed)[0][0]
        }
        // Fourth order: the error of the formula is far below the tolerance.
        let h = 1e-3
        let difference =
          (8 * (try value(h) - value(-h)) - (try value(2 * h) - value(-2 * h))) / (12 * h)
        #expect(
          abs(difference - numbers[index]) <= 1e-6 * scale,
          "gradient of input \(position)[\(index)]: \(numbers[index]), finite difference \(difference)")
      }
    }
  }

  private struct Golden: Decodable {
    let name: String
    let shape: [Int]
    let output: [Double]
    let gradients: [String: [Double]]
  }

  private func checkGolden(_ exact: [[Double]], _ gradients: [Int: [Double]]) throws {
    let file = "\(type(of: op).name).json"
    let url = try #require(
      Bundle.module.url(forResource: "golden/\(file)", withExtension: nil), "no golden/\(file)")
    let cases = try JSONDecoder().decode([Golden].self, from: try Data(contentsOf: url))
    let golden = try #require(cases.first { $0.name == name }, "golden/\(file) has no case `\(name)`")
    expectClose(exact[0], golden.output, rtol: 1e-6, atol: 1e-8, "output against PyTorch")
    for (key, expected) in golden.gradients {
      let position = try #require(Int(key))
      let found = try #require(gradients[position], "no gradient of input \(position)")
      expectClose(found, expected, rtol: 1e-6, atol: 1e-8, "gradient of input \(position) against PyTorch")
    }
  }
}

/// abs(found - expected) <= atol + rtol * abs(expected); says where it is worst.
func expectClose(
  _ found: [Double], _ expected: [Double], rtol: Double, atol: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.count == expected.count else {
    Issue.record(
      "\(what): \(found.count) numbers, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  var worst = (index: -1, excess: 0.0)
  for index in found.indices {
    let excess = abs(found[index] - expected[index]) - (atol + rtol * abs(expected[index]))
    if !(excess <= worst.excess) { worst = (index, excess.isNaN ? .infinity : excess) }
  }
  if worst.index >= 0 {
    Issue.record(
      "\(what): element \(worst.index) is \(found[worst.index]), expected \(expected[worst.index])",
      sourceLocation: sourceLocation)
  }
}
