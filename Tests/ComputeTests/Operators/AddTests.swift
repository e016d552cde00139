import Compute
import Testing

@Suite struct AddTests {
  static let cases = [
    OperatorCase("same", Add(), [.init(extents: [2, 3]), .init(extents: [2, 3])], hasGolden: true),
    OperatorCase("broadcast", Add(), [.init(extents: [2, 3, 4]), .init(extents: [3, 1])], hasGolden: true),
    OperatorCase("one number", Add(), [.init(extents: []), .init(extents: [1, 5])]),
  ]

  @Test(arguments: cases) func add(_ one: OperatorCase) throws { try one.check() }

  @Test func shapesThatDoNotFit() throws {
    var graph = Graph()
    let a = try graph.input("a", .init([2, 3]))
    let b = try graph.input("b", .init([2, 4]))
    #expect(throws: GraphError.self) { try graph.one(Add(), a, b, path: "here") }
  }
}
