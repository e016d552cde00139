import Compute
import Networks
import Tensors
import Testing

@testable import ONNX

/// What operators meant in older opsets, which ONNX's own tests no longer have. Numbers worked out by hand.
@Suite struct OldOpsetTests {
  /// The first output of a model with one input `x`.
  private func run(
    _ opset: Int64, _ extents: [Int], _ numbers: [Double], _ build: (inout TinyModel) -> Void
  ) throws -> [Double] {
    var model = TinyModel(opset: opset)
    model.input("x", extents.map(String.init))
    build(&model)
    model.output("y")
    return try model.read().graph().run(["x": numbers])["y"] ?? []
  }

  @Test func clipWithAttributes() throws {
    let found = try run(6 + 1, [4], [-2, 0.5, 1, 7]) {
      $0.node("Clip", ["x"], ["y"], [("min", .float(0)), ("max", .float(1))])
    }
    #expect(found == [0, 0.5, 1, 1])
  }

  @Test func clipWithInputs() throws {
    let found = try run(11, [4], [-2, 0.5, 1, 7]) {
      $0.floats("high", [], [1])
      $0.node("Clip", ["x", "", "high"], ["y"])
    }
    #expect(found == [-2, 0.5, 1, 1])
  }

  @Test func sliceWithAttributes() throws {
    let found = try run(9, [2, 4], [0, 1, 2, 3, 4, 5, 6, 7]) {
      $0.node(
        "Slice", ["x"], ["y"], [("axes", .ints([1])), ("starts", .ints([1])), ("ends", .ints([Int.max]))])
    }
    #expect(found == [1, 2, 3, 5, 6, 7])
  }

  @Test func sliceWithInputsToTheEnd() throws {
    let found = try run(13, [5], [0, 1, 2, 3, 4]) {
      $0.integers("s", [1], [-1])
      $0.integers("e", [1], [.min])
      $0.integers("a", [1], [0])
      $0.integers("t", [1], [-2])
      $0.node("Slice", ["x", "s", "e", "a", "t"], ["y"])
    }
    #expect(found == [4, 2, 0])
  }

  @Test func padWithAttributes() throws {
    let found = try run(10, [2], [3, 4]) {
      $0.node("Pad", ["x"], ["y"], [("pads", .ints([1, 2])), ("value", .float(9))])
    }
    #expect(found == [9, 3, 4, 9, 9])
  }

  @Test func squeezeAndUnsqueezeWithAttributes() throws {
    let found = try run(11, [1, 2], [3, 4]) {
      $0.node("Squeeze", ["x"], ["a"], [("axes", .ints([0]))])
      $0.node("Unsqueeze", ["a"], ["b"], [("axes", .ints([0, 2]))])
      $0.node("ReduceSum", ["b"], ["y"], [("axes", .ints([0, 2])), ("keepdims", .int(0))])
    }
    #expect(found == [3, 4])
  }

  @Test func splitWithAttributes() throws {
    let found = try run(11, [4], [1, 2, 3, 4]) {
      $0.node("Split", ["x"], ["a", "y"], [("split", .ints([1, 3]))])
    }
    #expect(found == [2, 3, 4])
  }

  /// Up to opset 12 all dimensions from the axis on are one row.
  @Test func softmaxOfRows() throws {
    let found = try run(11, [1, 2, 2], [0, 0, 0, 0]) { $0.node("Softmax", ["x"], ["y"], [("axis", .int(1))]) }
    #expect(found == [0.25, 0.25, 0.25, 0.25])
    let new = try run(13, [1, 2, 2], [0, 0, 0, 0]) { $0.node("Softmax", ["x"], ["y"], [("axis", .int(1))]) }
    #expect(new == [0.5, 0.5, 0.5, 0.5])
  }

  @Test func upsample() throws {
    let old = try run(7, [1, 1, 1, 2], [1, 3]) {
      $0.node("Upsample", ["x"], ["y"], [("scales", .floats([1, 1, 1, 2]))])
    }
    #expect(old == [1, 1, 3, 3])
    let linear = try run(9, [1, 1, 1, 2], [1, 3]) {
      $0.floats("s", [4], [1, 1, 1, 2])
      $0.node("Upsample", ["x", "s"], ["y"], [("mode", .string("linear"))])
    }
    #expect(linear == [1, 2, 3, 3])
  }

  @Test func resizeOfOpset10() throws {
    let found = try run(10, [1, 1, 1, 4], [1, 2, 3, 4]) {
      $0.floats("s", [4], [1, 1, 1, 0.5])
      $0.node("Resize", ["x", "s"], ["y"], [("mode", .string("nearest"))])
    }
    #expect(found == [1, 3])
  }

  /// A mean and a variance for each place of the sample, up to opset 8.
  @Test func statisticsForEachPlace() throws {
    let found = try run(7, [2, 1, 2], [1, 2, 3, 4]) {
      $0.floats("scale", [1, 2], [1, 2])
      $0.floats("bias", [1, 2], [0, 1])
      $0.floats("mean", [1, 2], [1, 2])
      $0.floats("variance", [1, 2], [4, 1])
      $0.node(
        "BatchNormalization", ["x", "scale", "bias", "mean", "variance"], ["y"],
        [("spatial", .int(0)), ("epsilon", .float(0))])
    }
    #expect(found == [0, 1, 1, 5])
  }

  @Test func groupsOfOpset18HaveOneScaleEach() throws {
    let found = try run(18, [1, 4, 1], [0, 2, 0, 2]) {
      $0.floats("scale", [2], [1, 10])
      $0.floats("bias", [2], [0, 5])
      $0.node(
        "GroupNormalization", ["x", "scale", "bias"], ["y"],
        [("num_groups", .int(2)), ("epsilon", .float(0))])
    }
    #expect(found == [-1, 1, -5, 15])
  }

  @Test func quantisedWeights() throws {
    let found = try run(13, [2], [1, 1]) {
      var tensor = Onnx_TensorProto()
      (tensor.name, tensor.dataType, tensor.dims, tensor.int32Data) = (
        "q", ElementType.int8.rawValue, [2, 2], [-128, 0, 4, 127]
      )
      $0.proto.graph.initializer.append(tensor)
      $0.floats("scale", [2], [0.5, 2])
      var zero = Onnx_TensorProto()
      (zero.name, zero.dataType, zero.dims, zero.int32Data) = (
        "zero", ElementType.int8.rawValue, [2], [0, -1]
      )
      $0.proto.graph.initializer.append(zero)
      $0.node("DequantizeLinear", ["q", "scale", "zero"], ["w"], [("axis", .int(0))])
      $0.node("Mul", ["x", "w"], ["y"])
    }
    #expect(found == [-64, 0, 10, 256])
  }

  /// Shape -> Gather -> Mul -> Concat -> Reshape, whatever the size of the field.
  @Test(arguments: [(4, 6), (2, 3)]) func shapeArithmetic(_ rows: Int, _ columns: Int) throws {
    var model = TinyModel(opset: 13)
    model.input("x", ["1", "1", "h", "w"])
    model.integers("two", [], [2])
    model.integers("three", [], [3])
    model.integers("zero", [1], [0])
    model.integers("minus", [1], [-1])
    model.node("Shape", ["x"], ["s"])
    model.node("Gather", ["s", "two"], ["h"])
    model.node("Gather", ["s", "three"], ["w"])
    model.node("Mul", ["h", "w"], ["n"])
    model.node("Div", ["n", "two"], ["half"])
    model.node("Unsqueeze", ["half", "zero"], ["u"])
    model.node("Concat", ["minus", "u"], ["t"], [("axis", .int(0))])
    model.node("Reshape", ["x", "t"], ["y"])
    model.output("y")
    let graph = try model.read().graph(["x": try Shape([1, 1, rows, columns])])
    #expect(graph.shape(graph.outputs[0]) == (try Shape([2, rows * columns / 2])))
    // Nothing of it is left to be computed in a run.
    #expect(graph.graph.nodes(for: [graph.outputs[0].value]).count == 1)
  }

  @Test func namedExtentsAgree() throws {
    var model = TinyModel()
    model.input("a", ["n", "2"])
    model.input("b", ["n", "2"])
    model.node("Add", ["a", "b"], ["y"])
    model.output("y")
    let imported = try model.read()
    #expect(try imported.graph(["a": Shape([3, 2]), "b": Shape([3, 2])]).inputs.count == 2)
    let different = #expect(throws: ModelError.self) {
      try imported.graph(["a": Shape([3, 2]), "b": Shape([4, 2])])
    }
    #expect(different?.description.contains("the model's extent `n` is 4 here and 3 in `a`") == true)
    let fixed = #expect(throws: ModelError.self) {
      try imported.graph(["a": Shape([3, 5]), "b": Shape([3, 2])])
    }
    #expect(fixed?.expected == "[n x 2]")
    let open = #expect(throws: ModelError.self) { try imported.graph() }
    #expect(open?.description.contains("must be given") == true)
  }

  /// The attribute of the call takes the place of the function's.
  @Test func functionsAreReplacedByTheirNodes() throws {
    var model = TinyModel()
    model.input("x", ["3"])
    model.node("Leaky", ["x"], ["y"], [("slope", .float(0.5))])
    model.proto.graph.node[0].domain = "own"
    model.output("y")
    var function = Onnx_FunctionProto()
    (function.domain, function.name, function.input, function.output) = ("own", "Leaky", ["a"], ["b"])
    function.attribute = ["slope"]
    var node = Onnx_NodeProto()
    (node.opType, node.input, node.output) = ("LeakyRelu", ["a"], ["b"])
    var attribute = Onnx_AttributeProto()
    (attribute.name, attribute.refAttrName, attribute.type) = ("alpha", "slope", .float)
    node.attribute = [attribute]
    function.node = [node]
    model.proto.functions = [function]
    #expect(try model.read().graph().run(["x": [-2, 0, 4]])["y"] == [-1, 0, 4])
  }

  @Test func branchesSeeTheNamesOutside() throws {
    var model = TinyModel()
    model.input("x", ["2"])
    model.integers("two", [1], [2])
    model.node("Shape", ["x"], ["s"])
    model.node("Equal", ["s", "two"], ["condition"])
    model.node("If", ["condition"], ["y"])
    func branch(_ type: String) -> Onnx_AttributeProto {
      var attribute = Onnx_AttributeProto()
      (attribute.name, attribute.type) = (type == "Neg" ? "then_branch" : "else_branch", .graph)
      attribute.g.node = [DamageTests.node(type, ["x"], ["inner"])]
      var port = Onnx_ValueInfoProto()
      port.name = "inner"
      attribute.g.output = [port]
      return attribute
    }
    model.proto.graph.node[2].attribute = [branch("Neg"), branch("Frob")]
    model.output("y")
    let error = #expect(throws: ModelError.self) { try model.read() }
    #expect(error?.cause.contains("Frob (node 2/node 0)") == true)
    model.proto.graph.node[2].attribute = [branch("Neg"), branch("Abs")]
    #expect(try model.read().graph().run(["x": [1, -2]])["y"] == [-1, 2])
  }
}
