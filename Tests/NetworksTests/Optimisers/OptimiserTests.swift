import Basics
import Foundation
import Testing

@testable import Networks

@Suite struct OptimiserTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let keys: JSONSetting
    let rate: Double
    let decay: Double
    let third: [Double]
    let tenth: [Double]
    var testDescription: String { "\(name) \(keys.configuration.json.text), decay \(decay)" }
  }

  static func optimiser(_ name: String, _ keys: [(String, ConfigValue)]) throws -> any Optimiser {
    let decoding = Decoding()
    let made = decoding.optimiser(keys.isEmpty ? .text(name) : .mapping([(name, .mapping(keys))]))
    return try #require(made, "\(decoding.faults)")
  }

  /// Ten steps, every array in one piece or cut at some place.
  static func steps(_ optimiser: any Optimiser, rate: Double, decay: Double, cut: Int = 0) -> [[Double]] {
    let (start, target, scale) = (
      Pattern.numbers(20, seed: 1).map { Float($0) }, Pattern.numbers(20, seed: 2).map { Float($0) },
      Pattern.numbers(20, seed: 3).map { Float($0) }
    )
    var arrays = [start] + optimiser.slots.map { [Float](repeating: optimiser.initialState($0), count: 20) }
    var results: [[Double]] = []
    for step in 1...10 {
      let gradient = (0..<20).map { i in
        let e = arrays[0][i] - target[i]
        return 2 * scale[i] * scale[i] * e + e * e * e
      }
      for piece in [0..<cut, cut..<20] where !piece.isEmpty {
        let rows = arrays.map { row in
          let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: piece.count)
          _ = copy.initialize(from: row[piece])
          return copy
        }
        defer { for row in rows { row.deallocate() } }
        Array(gradient[piece]).withUnsafeBufferPointer { gradient in
          optimiser.update(
            rows[0], gradient: gradient, slots: Array(rows.dropFirst()), rate: rate, decay: decay, step: step)
        }
        for (index, row) in rows.enumerated() { arrays[index].replaceSubrange(piece, with: row) }
      }
      results.append(arrays[0].map(Double.init))
    }
    return results
  }

  @Test(arguments: try golden([Case].self, "optimisers.json"))
  func tenStepsAreThePeers(_ one: Case) throws {
    var keys: [(String, ConfigValue)] = []
    if case .object(let entries) = one.keys { keys = entries.map { ($0.0, $0.1.configuration) } }
    let optimiser = try Self.optimiser(one.name, keys)
    let steps = Self.steps(optimiser, rate: one.rate, decay: one.decay)
    expectClose(steps[2], one.third, rtol: 1e-5, atol: 1e-7, "after 3 steps")
    expectClose(steps[9], one.tenth, rtol: 1e-5, atol: 1e-7, "after 10 steps")
    #expect(
      Self.steps(optimiser, rate: one.rate, decay: one.decay, cut: 7) == steps, "a cut changes the numbers")
    // What it says of itself makes it again.
    let again = try Self.optimiser(one.name, optimiser.keys)
    #expect(Self.steps(again, rate: one.rate, decay: one.decay) == steps)
  }

  @Test func everyOptimiserHasAPeer() throws {
    let tested = Set(try golden([Case].self, "optimisers.json").map(\.name))
    #expect(Set(allOptimisers.map { $0.declaration.name }) == tested)
  }

  @Test(arguments: [
    ("adam", "beta1", 1.0), ("adam", "epsilon", 0), ("momentum", "momentum", -0.1), ("rmsprop", "alpha", 2),
    ("adadelta", "rho", -1), ("adagrad", "epsilon", -1), ("nesterov", "momentum", 1), ("adamw", "beta2", 1.5),
  ])
  func numbersOutOfRange(_ name: String, _ key: String, _ number: Double) {
    let decoding = Decoding()
    #expect(decoding.optimiser(.mapping([(name, .mapping([(key, .number(number))]))])) == nil)
    #expect(decoding.faults.first?.cause.contains("`\(key)`") == true)
  }
}

@Suite struct ClippingTests {
  struct Case: Decodable, Sendable {
    let kind: String
    let limit: Double
    let norm: Double
    let first: [Double]
    let second: [Double]
  }

  private func rows() -> [UnsafeMutableBufferPointer<Float>] {
    [(13, 5, Float(1)), (21, 6, 3)].map { count, seed, scale in
      let row = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
      _ = row.initialize(from: Pattern.numbers(count, seed: seed).map { Float($0) * scale })
      return row
    }
  }

  @Test(arguments: try golden([Case].self, "clipping.json"))
  func clippingIsThePeers(_ one: Case) throws {
    let rows = rows()
    defer { for row in rows { row.deallocate() } }
    let clipping = try Clipping(.mapping([(one.kind, .number(one.limit))]))
    let norm = clipping.apply(rows)
    expectClose(rows[0].map(Double.init), one.first, rtol: 1e-6, atol: 1e-9, "first")
    expectClose(rows[1].map(Double.init), one.second, rtol: 1e-6, atol: 1e-9, "second")
    if one.kind == "norm" { #expect(abs(norm - one.norm) < 1e-5 * one.norm) }
    #expect(try Clipping(clipping.configuration) == clipping)
  }

  @Test func whatIsNotFiniteIsFound() {
    let rows = rows()
    defer { for row in rows { row.deallocate() } }
    rows[1][20] = .nan
    let before = rows[0].map(\.bitPattern)
    #expect(Clipping(norm: 0.1).apply(rows).isNaN)
    #expect(rows[0].map(\.bitPattern) == before)
    #expect(Clipping(value: 0.1).apply(rows).isNaN)
  }

  @Test func wrongKeys() {
    for wrong: ConfigValue in [
      .text("norm"), .mapping([]), .mapping([("norm", .number(0))]), .mapping([("nrm", .number(1))]),
      .mapping([("value", .text("x"))]),
    ] {
      #expect(throws: SpecFaults.self) { try Clipping(wrong) }
    }
  }
}
