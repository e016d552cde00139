import Foundation
import Grids
import Stages
import Testing

@Suite("regress") struct RegressTests {
  private let base = ScoreFields.field(3, 250, 40)
  private let relief = ScoreFields.field(4, 0, 2000, "orog", "m", isStatic: true)
  private let wind = ScoreFields.field(5, -1, 2, "uas", "m s-1")
  private var target: Field {
    ScoreFields.sum([(1, base), (-0.0065, relief), (1.5, wind), (1, ScoreFields.field(6, -0.5, 1))], 0.25)
  }

  private func plan(
    _ keys: KeyValuePairs<String, Yaml>, _ predictors: [(String, Field)]? = nil
  ) throws -> Plan {
    try Plan(
      Regress.self, keys,
      [
        "input": [("base", base)], "target": [("target", target)],
        "predictors": predictors ?? [("relief", relief), ("wind", wind)],
      ])
  }

  @Test(arguments: [false, true]) func equalsNumpy(intercept: Bool) throws {
    let plan = try plan([
      "intercept": .plain("\(intercept)"), "rows": [1, 4], "times": [0, 19],
    ])
    let golden = try #require(
      (ScoreFields.golden()["regress"] as? [String: Any])?[intercept ? "with" : "without"] as? [String: Any])
    let result = try plan.run(cuts: 4)
    let expected = try #require(golden["applied"] as? [Any]).map { ($0 as? Double) ?? .nan }
    let last = (0..<6).flatMap { j in (0..<12).map { result[0, 25, 0, j, $0] } }
    expectClose(last, expected, relative: 1e-6)
    #expect(zip(last, expected).allSatisfy { $0.isNaN == $1.isNaN })

    // What the fit reports: the coefficients in double precision.
    let fit = try #require(
      plan.graph.nodes.indices.map(NodeID.init).first {
        plan.graph.computation($0)?.label.hasPrefix("fit ") == true
      })
    let work = try plan.begun(fit)
    _ = try work.finish()
    let coefficients = try #require(golden["coefficients"] as? [Double])
    var seen = 0
    for finding in work.findings {
      guard case .attribute(let key, let value) = finding, case .float64(let numbers) = value else {
        continue
      }
      seen += 1
      if key.hasSuffix("coefficients") {
        for (a, b) in zip(numbers, coefficients) { #expect(abs(a - b) < 1e-10 * abs(b)) }
      } else if intercept {
        #expect(abs(numbers[0] - coefficients[2]) < 1e-9)
      }
    }
    #expect(seen == 2)
    let values = work.findings.compactMap { finding in
      if case .attribute(_, .int32(let n)) = finding { return Int(n[0]) } else { return nil as Int? }
    }
    #expect(values == [golden["n"] as? Int])
    let attributes = plan.description.variables[0].attributes.map(\.name)
    #expect(attributes.contains("regression_intercept") == intercept)
    #expect(attributes.contains("regression_coefficients"))
  }

  @Test func saysThatASystemIsSingular() throws {
    var twice = relief
    twice.numbers = relief.numbers.map { 2 * $0 }
    twice.description.variables[0].name = "double"
    let same = Field(relief.description, [Float](repeating: 7, count: 72))
    func run(_ keys: KeyValuePairs<String, Yaml>, _ predictors: [(String, Field)]) -> StageError? {
      #expect(throws: StageError.self) { try plan(keys, predictors).run(cuts: 0) }
    }
    let dependent = run([:], [("relief", relief), ("double", twice)])
    #expect(dependent?.cause.contains("singular") == true && dependent?.subject == "double")
    #expect(run(["intercept": true], [("same", same)])?.cause.contains("the same in all values") == true)
    // Alone a constant is a predictor like any other.
    _ = try plan([:], [("same", same)]).run(cuts: 0)
    var gone = wind
    gone.numbers = wind.numbers.map { _ in .nan }
    #expect(run([:], [("gone", gone)])?.cause.contains("0 valid values") == true)
  }

  @Test func saysWhatDoesNotFit() throws {
    let other = Make.noise(
      Description(variables: [Make.variable("x")], time: nil, grid: Make.globe(6, 10)), 0...1)
    #expect(fault { try plan([:], [("other", other)]) }?.cause.contains("different grids") == true)
    #expect(fault { try plan(["half": "west", "columns": [6, 11]]) }?.cause.contains("no cell") == true)
    #expect(fault { try plan(["from": "2010"]) }?.cause.contains("no time step") == true)
  }
}

extension Plan {
  /// The work of a whole node that has taken all its inputs.
  func begun(_ id: NodeID) throws -> any Work {
    let computation = try #require(graph.computation(id))
    let whole = description(of: id).whole
    let work = try computation.begin(whole)
    for (index, needs) in computation.steps(for: whole).enumerated() {
      let inputs = graph.nodes[id.index].inputs
      try work.take(try needs.map { try evaluate(inputs[$0.input], $0.region) }, step: index)
    }
    return work
  }
  private func description(of id: NodeID) -> Description { graph.description(id) }
}
