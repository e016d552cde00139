import Grids
import Stages
import Testing

@Suite("stack") struct StackTests {
  let grid = Make.globe(6, 12)

  @Test func keepsOrderAndRepeatsWhatIsStatic() throws {
    let wind = Make.noise(
      Description(
        variables: [Make.variable("u"), Make.variable("v")], time: Make.days(5),
        layers: [Make.pressures([850, 500])], grid: grid), -20...20, missing: 0.1)
    let relief = Make.noise(Description(variables: [Make.variable("orog")], time: nil, grid: grid), 0...4000)
    let plan = try Plan(Stack.self, [:], ["inputs": [("relief", relief), ("wind", wind)]])
    #expect(plan.description.variables.map(\.name) == ["orog", "u", "v"])
    #expect(plan.description.timeCount == 5 && plan.description.layerCount == 2)
    let result = try plan.run()
    for t in 0..<5 {
      for l in 0..<2 {
        #expect(result[0, t, l, 3, 4] == relief[0, 0, 0, 3, 4])
        #expect(result[2, t, l, 5, 11].bitPattern == wind[1, t, l, 5, 11].bitPattern)
      }
    }
  }

  @Test func saysWhatDiffers() throws {
    func field(_ name: String, _ grid: Grid, _ time: TimeAxis?) -> Field {
      Make.noise(Description(variables: [Make.variable(name)], time: time, grid: grid), 0...1)
    }
    let a = field("a", grid, Make.days(5))
    let cases: [(Field, String)] = [
      (field("b", Make.globe(6, 10), Make.days(5)), "6 x 10 and 6 x 12 cells"),
      (field("b", Make.globe(6, 12, west: 0.5), Make.days(5)), "longitude 0.5 and 0"),
      (field("b", grid, Make.days(5, .day360)), "calendars are 360_day and noleap"),
      (field("b", grid, Make.days(4)), "4 and 5 steps"),
      (field("b", grid, Make.days(5, start: 1)), "step 1 is 1 and 0"),
      (field("a", grid, Make.days(5)), "both have a variable `a`"),
    ]
    for (other, text) in cases {
      let error = fault { try Plan(Stack.self, [:], ["inputs": [("one", a), ("two", other)]]) }
      #expect(error?.cause.contains(text) == true, "\(String(describing: error))")
      #expect(error?.mark != nil)
    }
    let one = field("b", grid, Make.days(1))
    let error = fault { try Plan(Stack.self, [:], ["inputs": [("one", a), ("two", one)]]) }
    #expect(error?.remedy?.contains("static: true") == true)
  }
}
