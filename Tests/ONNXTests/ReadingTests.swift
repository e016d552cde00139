import Compute
import Networks
import Tensors
import Testing

@testable import ONNX

/// Models that are put together here, byte by byte as a file would have them.
@Suite struct ReadingTests {
  @Test func aSmallModelBecomesAGraph() throws {
    var model = TinyModel()
    model.input("x", ["n", "1", "4"])
    model.floats("w", [1, 1, 3], [1, 2, 3])
    model.node("Conv", ["x", "w"], ["y"], [("pads", .ints([1, 1]))])
    model.node("Relu", ["y"], ["z"])
    model.output("z")
    let imported = try model.read().graph(["x": Shape([2, 1, 4])])
    #expect(imported.shape(imported.outputs[0]) == (try Shape([2, 1, 4])))
    #expect(imported.graph.parameters.map(\.name) == ["w"])
    let found = try Interpreter<Double>(imported.graph).run(
      [imported.outputs[0].value], ["x": [1, 0, 0, -1, 0, 1, 0, 0], "w": [1, 2, 3]])
    #expect(found == [[2, 1, 0, 0, 3, 2, 1, 0]])
  }

  @Test func everyUnknownOperatorIsNamedWithItsNodes() throws {
    var model = TinyModel()
    model.input("x", ["4"])
    model.node("Frobnicate", ["x"], ["a"], name: "first")
    model.node("Relu", ["a"], ["b"])
    model.node("Defenestrate", ["b"], ["c"], name: "second")
    model.node("Frobnicate", ["c"], ["d"], name: "third")
    model.output("d")
    let error = #expect(throws: ModelError.self) { try model.read() }
    #expect(error?.kind == .unsupported)
    #expect(error?.cause.contains("Frobnicate (first, third); Defenestrate (second)") == true)
  }
}
