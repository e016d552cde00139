import Grids
import Stages
import Testing

@Suite("mask") struct MaskTests {
  let grid = Make.globe(5, 9)
  var field: Field {
    Make.noise(
      Description(
        variables: [Make.variable("a"), Make.variable("b")], time: Make.days(4),
        layers: [Make.pressures([850, 500])], grid: grid), 1...2, missing: 0.1)
  }
  var relief: Field {
    Make.noise(
      Description(variables: [Make.variable("orog", nil, "m")], time: nil, grid: grid), -1000...3000, seed: 3,
      missing: 0.1)
  }

  @Test(arguments: [
    ("above", Yaml.plain("0"), "keep"), ("below", .plain("500"), "drop"),
    ("between", Yaml.list([0, 1000]), "keep"),
    ("at-most", .plain("1000"), "keep"), ("at-least", .plain("2000"), "drop"),
  ])
  func keepsOrDrops(_ key: String, _ value: Yaml, _ action: String) throws {
    let (field, relief) = (field, relief)
    let result = try Plan(
      Mask.self, [key: value, "action": .text(action)],
      ["input": [("field", field)], "where": [("relief", relief)]]
    ).run()
    func holds(_ x: Float) -> Bool {
      switch key {
      case "above": x > 0
      case "below": x < 500
      case "between": x >= 0 && x <= 1000
      case "at-most": x <= 1000
      default: x >= 2000
      }
    }
    var masked = 0
    for v in 0..<2 {
      for t in 0..<4 {
        for l in 0..<2 {
          for j in 0..<5 {
            for i in 0..<9 {
              let (x, old, new) = (relief[0, 0, 0, j, i], field[v, t, l, j, i], result[v, t, l, j, i])
              if holds(x) == (action == "keep") {
                #expect(new.bitPattern == old.bitPattern)
              } else {
                #expect(new.isNaN)
                masked += 1
              }
            }
          }
        }
      }
    }
    #expect(masked > 0 && masked < field.numbers.count)
  }

  @Test func fillsAndConvertsTheThreshold() throws {
    let result = try Plan(
      Mask.self, ["above": 1, "units": "km", "fill": -9],
      ["input": [("field", field)], "where": [("relief", relief)]]
    ).run()
    for j in 0..<5 {
      for i in 0..<9 where !(relief[0, 0, 0, j, i] > 1000) { #expect(result[0, 3, 1, j, i] == -9) }
    }
  }

  @Test func missingOfAnother() throws {
    let result = try Plan(
      Mask.self, [:], ["input": [("field", relief)], "missing-of": [("relief", relief)]]
    ).run()
    #expect(result.numbers.map(\.bitPattern) == relief.numbers.map(\.bitPattern))
    let (field, relief) = (field, relief)
    let other = try Plan(
      Mask.self, [:], ["input": [("field", field)], "missing-of": [("relief", relief)]]
    ).run()
    for j in 0..<5 {
      for i in 0..<9 {
        #expect(
          other[1, 2, 0, j, i].isNaN == (field[1, 2, 0, j, i].isNaN || relief[0, 0, 0, j, i].isNaN))
      }
    }
  }

  @Test func faults() {
    let both: KeyValuePairs<String, [(String, Field)]> = [
      "input": [("field", field)], "where": [("relief", relief)],
    ]
    #expect(fault { try Plan(Mask.self, [:], both) }?.cause.contains("needs a condition") == true)
    #expect(
      fault { try Plan(Mask.self, ["above": 3], on: field) }?.cause.contains("needs a field `where`") == true)
    #expect(fault { try Plan(Mask.self, [:], on: field) }?.cause.contains("`where` or `missing-of`") == true)
    let units = fault { try Plan(Mask.self, ["above": 3, "units": "K"], both) }
    #expect(units?.mark?.line == 2)
    #expect(
      fault { try Plan(Mask.self, ["above": 3, "below": 2], both) }?.cause.contains("no value")
        == true)
  }
}
