import Tensors
import Testing

@testable import Compute

@Suite struct ReleasedParametersTests {
  /// What the preparation alone has read is given back, what a run reads stays, and the results are the same.
  @Test func packedWeightsReplaceTheirNumbers() throws {
    var graph = Graph()
    let x = try graph.input("x", Shape([1, 16, 9, 9]))
    let (w, b) = (try graph.parameter("w", Shape([32, 16, 3, 3])), try graph.parameter("b", Shape([32])))
    let scale = try graph.parameter("scale", Shape([1, 32, 1, 1]))
    let y = try graph.one(Conv(pads: [1, 1, 1, 1]), x, w, b)
    let z = try graph.one(Mul(), try graph.one(Softmax(axis: 1), y), scale)
    let made = try optimised(graph, Goals(outputs: [("z", z)]), layouts: LayoutOptions())
    let plan = try ProgramPlan(made.graph, made.goals, prepares: true, threads: 1)
    let layout = try ParameterLayout(graph.parameters.map { ($0.name, $0.shape) })
    func parameters() throws -> Parameters {
      let result = try Parameters(layout)
      for entry in layout.entries {
        for (index, number) in Pattern.numbers(entry.shape.count, seed: entry.offset + 1).enumerated() {
          result[entry][index] = Float(number)
        }
      }
      return result
    }
    let numbers = Pattern.numbers(16 * 81, seed: 5).map { Float($0) }
    let memory = UnsafeMutableBufferPointer<Float>.allocate(capacity: numbers.count)
    defer { memory.deallocate() }
    _ = memory.initialize(from: numbers)
    let input = ["x": Operand(graph.shape(x), memory)]
    func run(_ program: Program, _ parameters: Parameters) throws -> [Float] {
      try program.run(input, parameters: parameters) { outputs in
        outputs["z"].map { z in (0..<z.count).map { z[$0] } } ?? []
      }
    }
    let whole = try parameters()
    let expected = try run(try Program(plan, team: ThreadTeam(threads: 1)), whole)
    #expect(whole.isComplete && whole["w"] != nil)

    let given = try parameters()
    let program = try Program(plan, team: ThreadTeam(threads: 1))
    try program.prepare(given, releasing: true)
    #expect(!given.isComplete && given["w"] == nil && given["b"] == nil && given["scale"] != nil)
    #expect(try run(program, given) == expected)
    #expect(try run(program, given) == expected)
    // Another program, or the same with a new preparation, is told; it does not compute with zeros.
    #expect(throws: RunError.self) { try program.prepare(given) }
    #expect(throws: RunError.self) { try run(try Program(plan, team: ThreadTeam(threads: 1)), given) }
    #expect(try !given.clone().isComplete)
    #expect(try run(program, whole) == expected)
  }
}
