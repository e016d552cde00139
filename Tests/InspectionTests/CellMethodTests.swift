@testable import Inspection
import Testing

@Suite struct CellMethodTests {
  @Test func theParts() throws {
    let methods = try CellMethod.parse(
      "lat: lon: mean where land over sea (interval: 1 km interval: 2 km comment: a (nested) b) time: maximum"
    )
    #expect(methods.count == 2)
    #expect(methods[0].names == ["lat", "lon"] && methods[0].method == "mean")
    #expect(methods[0].whereType == "land" && methods[0].overType == "sea")
    #expect(methods[0].intervals == ["1 km", "2 km"])
    #expect(methods[0].comment == "a (nested) b")
    #expect(methods[1].names == ["time"] && methods[1].method == "maximum" && methods[1].comment == nil)
  }

  @Test func climatologies() throws {
    let methods = try CellMethod.parse("time: minimum within days time: mean over days")
    #expect(methods.map(\.climatology) == [["within days"], ["over days"]])
    #expect(methods.allSatisfy { $0.overType == nil })
  }

  @Test(arguments: [
    "", "mean", "time mean", "time:", "time: mean (", "time: mean )", "time: mean where",
    "time: mean by hand",
  ])
  func whatIsNoCellMethod(_ text: String) {
    #expect(throws: CellMethod.Fault.self) { try CellMethod.parse(text) }
  }

  @Test func commentWithoutKeyword() throws {
    let method = try CellMethod.parse("time: mean (of 3-hourly values)")[0]
    #expect(method.comment == "of 3-hourly values" && !method.hasCommentKeyword && method.intervals.isEmpty)
  }
}
