import Foundation
import Grids
import Stages
import Testing

/// Numbers of a peer script, kept beside it as JSON.
func peerNumbers<T: Decodable>(_ name: String, _ type: T.Type, file: String = #filePath) throws -> T {
  let url = URL(fileURLWithPath: file).deletingLastPathComponent().appending(path: "peers/\(name).json")
  return try JSONDecoder().decode(T.self, from: Data(contentsOf: url))
}

@Suite("aggregate") struct AggregateTests {
  struct Case: Decodable, Sendable {
    let calendar: String
    let units: String
    let step: Double
    let count: Int
    let over: String
    let climatology: Bool
    let firsts: [Int]
    let results: [String: [Double]]
  }

  func series(_ time: TimeAxis, _ units: String = "K") -> Field {
    Field(
      Description(
        variables: [Make.variable("t", "air_temperature", units)], time: time,
        grid: Make.regular([0, 10], [0, 5, 10]))
    ) { _, t, _, j, i in t % 17 == 5 ? .nan : Double((7919 * t + 13) % 1009) / 8 - 60 + Double(10 * j + i) }
  }

  /// Against cftime and numpy: peers/aggregate.py.
  @Test func agreesWithThePeer() throws {
    let cases = try peerNumbers("aggregate", [Case].self)
    #expect(cases.count > 20)
    for item in cases {
      let calendar = try #require(CFCalendar(cfName: item.calendar))
      let field = series(Make.days(item.count, step: item.step, since: item.units, calendar))
      for (method, expected) in item.results {
        // The peer's climatologies are ordered January first; ours too where the years allow it.
        let plan =
          method == "percentile"
          ? try Plan(
            Aggregate.self,
            [
              "over": .text(item.over), "method": .text(method), "percentile": 90,
              "climatology": .plain("\(item.climatology)"),
            ], on: field)
          : try Plan(
            Aggregate.self,
            [
              "over": .text(item.over), "method": .text(method), "climatology": .plain("\(item.climatology)"),
            ],
            on: field)
        let result = try plan.run(cuts: method == "std" || method == "percentile" ? 6 : 2)
        let shift = ["std", "var", "range", "count"].contains(method) ? 0 : 11.0
        let count = { (g: Int) in method == "sum" ? item.results["count"]?[g] ?? 0 : 1 }
        for (j, i, add) in [(0, 0, 0.0), (1, 1, shift)] {
          let found = (0..<result.description.timeCount).map { result[0, $0, 0, j, i] }
          expectClose(
            found, expected.indices.map { expected[$0] + add * count($0) }, relative: 1e-6, absolute: 1e-5)
        }
        let times = try #require(result.description.time)
        #expect(times.isClimatology == item.climatology)
        #expect(
          zip(times.values, times.values.dropFirst()).allSatisfy { $0 < $1 }, "\(item.over) \(times.values)")
        let bounds = try #require(times.bounds)
        for (k, value) in times.values.enumerated() {
          #expect(bounds[2 * k] <= value && value <= bounds[2 * k + 1])
        }
      }
    }
  }

  @Test func boundsAndMethodsOfMonths() throws {
    var field = series(Make.days(730, bounds: true))
    field.description.variables[0].cellMethods = "time: mean"
    let plan = try Plan(Aggregate.self, ["over": "month", "method": "max"], on: field)
    let time = try #require(plan.description.time)
    #expect(time.count == 24)
    #expect(time.bounds.map { Array($0[0..<4]) } == [0, 31, 31, 59])
    #expect(time.values[0] == 15.5)
    #expect(plan.description.variables[0].cellMethods == "time: mean time: maximum")
    let mean = try Plan(Aggregate.self, ["over": "month", "time": "start"], on: field)
    #expect(mean.description.variables[0].cellMethods == "time: mean")
    #expect(mean.description.time?.values[1] == 31)
    let climate = try Plan(Aggregate.self, ["over": "month", "climatology": true], on: field)
    #expect(climate.description.variables[0].cellMethods == "time: mean within years time: mean over years")
    #expect(climate.description.time?.bounds.map { Array($0[2..<4]) } == [31, 365 + 59])
    let deviation = try Plan(
      Aggregate.self, ["over": "all", "method": "std"], on: series(Make.days(4), "degC"))
    #expect(deviation.description.variables[0].units == "K")
    #expect(
      deviation.description.variables[0].attributes["units_metadata"]?.text == "temperature: difference")
    #expect(
      try Plan(Aggregate.self, ["over": "all", "method": "var"], on: field).description.variables[0].units
        == "K2")
  }

  /// A mean that is stamped at the end of its day belongs to its day.
  @Test func stepsBelongToTheMiddleOfTheirBounds() throws {
    var time = Make.days(59, bounds: true)
    time.values = (1...59).map(Double.init)
    let plan = try Plan(Aggregate.self, ["over": "month", "method": "count"], on: series(time))
    #expect(plan.description.timeCount == 2)
  }

  @Test func runningWindows() throws {
    let field = series(Make.days(40))
    let result = try Plan(
      Aggregate.self, ["over": "rolling", "window": 5, "min-valid": 0.9], on: field
    ).run(cuts: 20)
    #expect(result.description.time?.values == (2..<38).map(Double.init))
    for t in 0..<36 {
      let part = (t..<t + 5).map { field[0, $0, 0, 1, 2] }
      let found = result[0, t, 0, 1, 2]
      if part.contains(where: \.isNaN) {
        #expect(found.isNaN)
      } else {
        #expect(abs(Double(found) - part.reduce(0) { $0 + Double($1) } / 5) < 1e-5)
      }
    }
    let trailing = try Plan(Aggregate.self, ["over": "rolling", "window": 4, "align": "trailing"], on: field)
    #expect(trailing.description.time?.values.first == 3)
    let even = try Plan(Aggregate.self, ["over": "rolling", "window": 4], on: field)
    #expect(even.description.time?.values.first == 1.5)
  }

  @Test func tooFewSamplesAreMissing() throws {
    let field = series(Make.days(31))
    // Days 5 and 22 are missing.
    for (count, isMissing) in [(29, false), (30, true)] {
      let result = try Plan(Aggregate.self, ["over": "month", "min-count": .plain("\(count)")], on: field)
        .run(cuts: 1)
      #expect(result[0, 0, 0, 0, 0].isNaN == isMissing)
    }
    let one = try Plan(Aggregate.self, ["over": "day", "method": "std", "ddof": 1], on: field).run(cuts: 1)
    #expect(one.numbers.allSatisfy { $0.isNaN })
  }

  /// Areas of cells between parallels go with the difference of the sines of their edges.
  @Test func meansOverArea() throws {
    let field = Make.noise(
      Description(variables: [Make.variable("t", nil, "K")], time: Make.days(3), grid: Make.globe(6, 12)),
      0...10,
      missing: 0.1)
    let sines: [Double] = (0...6).map { (row: Int) -> Double in sin(Double(30 * row - 90) * Double.pi / 180) }
    let weights: [Double] = (0..<6).map { (row: Int) -> Double in sines[row + 1] - sines[row] }
    func mean(_ t: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Double {
      var (sum, weight) = (0.0, 0.0)
      for j in rows {
        for i in columns where !field[0, t, 0, j, i].isNaN {
          sum += weights[j] * Double(field[0, t, 0, j, i])
          weight += weights[j]
        }
      }
      return sum / weight
    }
    let area = try Plan(Aggregate.self, ["over": "area"], on: field).run()
    expectClose(area.numbers, (0..<3).map { mean($0, 0..<6, 0..<12) })
    #expect(area.description.grid.y.bounds == [-90, 90])
    #expect(area.description.variables[0].cellMethods == "area: mean")
    let zonal = try Plan(Aggregate.self, ["over": "longitude"], on: field).run()
    expectClose(zonal.numbers, (0..<18).map { mean($0 / 6, $0 % 6..<$0 % 6 + 1, 0..<12) })
    #expect(zonal.description.variables[0].cellMethods == "lon: mean")
    let meridional = try Plan(Aggregate.self, ["over": "latitude", "method": "max"], on: field).run()
    #expect(meridional[0, 2, 0, 0, 7] == (0..<6).map { field[0, 2, 0, $0, 7] }.filter { !$0.isNaN }.max())
    let strict = try Plan(Aggregate.self, ["over": "area", "min-valid": 1], on: field).run(cuts: 1)
    #expect(strict.numbers.allSatisfy { $0.isNaN })
    // A whole turn of columns and one more: the last repeats the first and does not count twice.
    var wide = field
    wide.description.grid = Make.regular(field.description.grid.y.values, (0...12).map { Double($0) * 30 })
    wide.numbers = (0..<18).flatMap { row in (0..<13).map { field.numbers[row * 12 + $0 % 12] } }
    let again = try Plan(Aggregate.self, ["over": "area"], on: wide).run(cuts: 1)
    expectClose(again.numbers, area.numbers.map(Double.init))
    #expect(
      fault { try Plan(Aggregate.self, ["over": "area", "method": "std"], on: field) }?.mark?.line == 2)
  }

  @Test func faults() {
    let field = series(Make.days(10))
    let cases: [(KeyValuePairs<String, Yaml>, String, Int)] = [
      (["over": "month", "method": "percentile"], "needs `percentile`", 100),
      (["over": "month", "percentile": 3], "belongs to `method: percentile`", 2),
      (["over": "rolling", "window": 11], "longer than the 10 steps", 2),
      (["over": "rolling"], "needs `window`", 100),
      (["over": "year", "climatology": true], "goes with", 2),
      (["over": "day", "window": 3], "belongs to `over: rolling`", 2),
      (["over": "day", "min-valid": 3], "between 0 and 1", 2),
    ]
    for (keys, text, line) in cases {
      let error = fault { try Plan(Aggregate.self, keys, on: field) }
      #expect(error?.cause.contains(text) == true, "\(String(describing: error))")
      #expect(error?.mark?.line == line)
    }
    var still = field
    still.description.time = nil
    still.numbers = Array(still.numbers.prefix(6))
    #expect(
      fault { try Plan(Aggregate.self, ["over": "day"], on: still) }?.cause.contains("no time steps") == true)
  }
}
