import Basics
import Compute
import Networks
import Tensors
import Testing

@testable import ONNX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Damaged and hostile model files: an error that names the place, never a trap, never much memory.
@Suite struct DamageTests {
  /// A network with convolutions, a pool, a resize and shape arithmetic.
  static func network() -> TinyModel {
    var model = TinyModel()
    model.input("x", ["n", "2", "h", "w"])
    model.floats("w", [3, 2, 3, 3], (0..<54).map { Float($0) / 54 })
    model.floats("scale", [3], [1, 2, 3])
    model.floats("bias", [3], [0, 1, 0])
    model.floats("mean", [3], [0.5, 0, 0])
    model.floats("variance", [3], [1, 2, 3])
    model.floats("scales", [4], [1, 1, 2, 2])
    model.integers("axis", [1], [0])
    model.integers("last", [1], [-1])
    model.integers("first", [], [0])
    model.node(
      "Conv", ["x", "w"], ["a"], [("pads", .ints([1, 1, 1, 1])), ("kernel_shape", .ints([3, 3]))])
    model.node("BatchNormalization", ["a", "scale", "bias", "mean", "variance"], ["b"])
    model.node("Relu", ["b"], ["c"])
    model.node("MaxPool", ["c"], ["d"], [("kernel_shape", .ints([2, 2])), ("strides", .ints([2, 2]))])
    model.node(
      "Resize", ["d", "", "scales"], ["e"],
      [("mode", .string("linear")), ("coordinate_transformation_mode", .string("asymmetric"))])
    model.node("Concat", ["c", "e"], ["f"], [("axis", .int(1))])
    model.node("Shape", ["f"], ["g"])
    model.node("Gather", ["g", "first"], ["h"])
    model.node("Unsqueeze", ["h", "axis"], ["i"])
    model.node("Concat", ["i", "last"], ["j"], [("axis", .int(0))])
    model.node("Reshape", ["f", "j"], ["y"])
    model.output("y")
    return model
  }

  /// Reads, plans and, when little memory is enough, runs.
  static func use(_ bytes: [UInt8]) -> Result<Void, ModelError> {
    do throws(ModelError) {
      let model = try OnnxModel(try OnnxFile.decode(bytes, as: .model, path: "t.onnx"), path: "t.onnx")
      var shapes: [String: Shape] = [:]
      for port in model.inputs { shapes[port.name] = try? Shape([1, 2, 4, 6]) }
      let graph = try model.graph(shapes)
      _ = try graph.run(["x": (0..<48).map { Double($0) }], memory: 16 << 20)
      return .success(())
    } catch {
      return .failure(error)
    }
  }

  @Test func theNetworkIsInOrder() throws {
    let bytes: [UInt8] = try Self.network().proto.serializedBytes()
    try Self.use(bytes).get()
  }

  @Test func everyTruncationIsAnError() throws {
    let bytes: [UInt8] = try Self.network().proto.serializedBytes()
    for length in stride(from: 0, to: bytes.count, by: 3) {
      let result = Self.use(Array(bytes[..<length]))
      // What is cut off between two fields of the model may be a whole model without its opset, never one that runs.
      #expect(throws: ModelError.self, "\(length) of \(bytes.count) bytes") { try result.get() }
    }
  }

  @Test func changedBytesNeverTrap() throws {
    let bytes: [UInt8] = try Self.network().proto.serializedBytes()
    var state: UInt64 = 7
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    for _ in 0..<800 {
      var changed = bytes
      for _ in 0..<1 + next(3) { changed[next(changed.count)] = UInt8(next(256)) }
      _ = Self.use(changed)
    }
  }

  @Test func lengthsBeyondTheEnd() {
    // graph (field 7), a length of 100, nothing behind.
    expect([0x3A, 100], "at byte 0 a part is longer than what is left")
    expect([0x3A] + Array(repeating: 0xFF, count: 9) + [0x01], "longer than what is left")
    expect(Array(repeating: 0xFF, count: 11), "more than ten bytes")
    expect([0x08], "a number is cut off")
    expect([0x3B], "there is no field")
  }

  @Test func nestingAndNumbersOfParts() {
    // A graph in an attribute of a node of a graph, again and again.
    var bytes: [UInt8] = []
    func wrap(_ key: UInt8) {
      var length: [UInt8] = []
      var rest = bytes.count
      repeat {
        length.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
        rest >>= 7
      } while rest > 0
      bytes = [key] + length + bytes
    }
    for _ in 0..<200 {
      wrap(0x32)
      wrap(0x2A)
      wrap(0x0A)
    }
    wrap(0x3A)
    expect(bytes, "nested too deep")
    bytes = (0..<300_000).flatMap { _ in [0x0A, 0] as [UInt8] }
    wrap(0x3A)
    expect(bytes, "too many parts")
  }

  private func expect(_ bytes: [UInt8], _ text: String) {
    guard case .failure(let error) = Self.use(bytes) else {
      Issue.record("no error, expected: \(text)")
      return
    }
    #expect(error.description.contains(text), "\(error)")
  }

  /// One change of the network, and what is to be said of it.
  static let faults: [(name: String, change: @Sendable (inout Onnx_GraphProto) -> Void, text: String)] = [
    ("cycle", { $0.node[0].input[0] = "c" }, "which stands after it"),
    ("loop", { $0.node[2].input[0] = "c" }, "itself"),
    ("unknown input", { $0.node[2].input[0] = "nothing" }, "its input `nothing` is made by nothing"),
    ("made twice", { $0.node[2].output[0] = "a" }, "is made by node 0, Conv too"),
    ("over an input", { $0.node[2].output[0] = "x" }, "its output `x` is an input or initialiser too"),
    ("initialiser twice", { $0.initializer.append($0.initializer[0]) }, "the initialiser `w` is there twice"),
    ("nameless initialiser", { $0.initializer[0].name = "" }, "an initialiser has no name"),
    ("input twice", { $0.input.append($0.input[0]) }, "the input `x` is there twice"),
    ("no output", { $0.output = [] }, "it has no outputs"),
    ("negative extent", { $0.initializer[0].dims[0] = -3 }, "cannot be negative"),
    ("overflow", { $0.initializer[0].dims = [1 << 40, 1 << 40] }, "too large"),
    ("huge tensor", { $0.initializer[0].dims = [1 << 40] }, "numbers, found 54"),
    ("too many dimensions", { $0.initializer[0].dims = [1, 1, 1, 1, 1, 54] }, "at most 5 dimensions"),
    ("too few numbers", { $0.initializer[0].floatData.removeLast() }, "need 54 numbers, found 53"),
    ("strings", { $0.initializer[0].dataType = 8 }, "the type string are not read"),
    ("wrong rank", { $0.initializer[0].dims = [27, 2] }, "have no spatial dimensions"),
    ("wrong channels", { $0.initializer[0].dims = [2, 3, 3, 3] }, "expect 3 channels"),
    (
      "zero strides", { $0.node[0].attribute.append(AttributeValue.ints([0, 0]).proto("strides")) },
      "strides [0, 0] must be 1"
    ),
    ("zero groups", { $0.node[0].attribute.append(AttributeValue.int(0).proto("group")) }, "groups 0"),
    (
      "negative dilation", { $0.node[0].attribute.append(AttributeValue.ints([-1, 1]).proto("dilations")) },
      "dilations [-1, 1] must be"
    ),
    (
      "huge pads", { $0.node[0].attribute[0] = AttributeValue.ints([1 << 30, 0, 1 << 30, 0]).proto("pads") },
      "an extent may be"
    ),
    (
      "unknown attribute", { $0.node[0].attribute.append(AttributeValue.int(0).proto("sparkle")) },
      "its attribute `sparkle` is not known"
    ),
    ("attribute twice", { $0.node[0].attribute.append($0.node[0].attribute[0]) }, "is there twice"),
    (
      "attribute of another type", { $0.node[0].attribute[0] = AttributeValue.float(1).proto("pads") },
      "of the type"
    ),
    ("huge scales", { $0.initializer[5].floatData = [1, 1, 1e9, 1e9] }, "Resize"),
    ("negative scale", { $0.initializer[5].floatData = [1, 1, -1, 2] }, "Resize"),
    (
      "shape bomb",
      {
        $0.node[10] = node("Expand", ["y0", "bomb"], ["y"]);
        $0.node.insert(node("Relu", ["x"], ["y0"]), at: 0);
        $0.initializer.append(integers("bomb", [1 << 20, 1 << 20, 1, 1, 1]))
      }, "an extent may be"
    ),
    (
      "filled bomb",
      {
        $0.node[10] = node("ConstantOfShape", ["bomb"], ["y"]);
        $0.initializer.append(integers("bomb", [1 << 12, 1 << 12, 1 << 12]))
      }, "memory"
    ),
    (
      "long range",
      {
        $0.node[10] = node("Range", ["first", "far", "one"], ["y"]);
        $0.initializer += [scalar("far", 1 << 60), scalar("one", 1)]
      }, "too many numbers"
    ),
    ("changing shape", { $0.node[10].input[1] = "x" }, "follows from the input `x`"),
  ]

  static func node(_ type: String, _ inputs: [String], _ outputs: [String]) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    (node.opType, node.input, node.output) = (type, inputs, outputs)
    return node
  }
  static func integers(_ name: String, _ numbers: [Int64]) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    (tensor.name, tensor.dataType, tensor.dims, tensor.int64Data) = (name, 7, [Int64(numbers.count)], numbers)
    return tensor
  }
  static func scalar(_ name: String, _ number: Int64) -> Onnx_TensorProto {
    var tensor = integers(name, [number])
    tensor.dims = []
    return tensor
  }

  @Test(arguments: faults.indices) func faultIsNamed(_ index: Int) throws {
    let fault = Self.faults[index]
    var model = Self.network()
    fault.change(&model.proto.graph)
    let bytes: [UInt8] = try model.proto.serializedBytes()
    guard case .failure(let error) = Self.use(bytes) else {
      Issue.record("\(fault.name): no error")
      return
    }
    #expect(error.description.contains(fault.text), "\(fault.name): \(error)")
    #expect(error.path == "t.onnx")
  }

  @Test func functionsThatCallThemselves() throws {
    var model = TinyModel()
    model.input("x", ["1"])
    model.node("Again", ["x"], ["y"])
    model.output("y")
    var function = Onnx_FunctionProto()
    (function.name, function.input, function.output) = ("Again", ["a"], ["b"])
    function.node = [Self.node("Again", ["a"], ["b"])]
    model.proto.functions = [function]
    let imported = try model.read()
    let error = #expect(throws: ModelError.self) { try imported.graph() }
    #expect(error?.description.contains("deep") == true)
  }

  /// Each function calls the next one twice: 2^30 nodes from thirty.
  @Test(arguments: ["Relu", "Identity"]) func functionsThatGrow(_ last: String) throws {
    var model = TinyModel()
    model.input("x", ["1"])
    model.node("F0", ["x"], ["y"])
    model.output("y")
    for index in 0..<30 {
      var function = Onnx_FunctionProto()
      (function.name, function.input, function.output) = ("F\(index)", ["a"], ["c"])
      let next = index == 29 ? last : "F\(index + 1)"
      function.node = [Self.node(next, ["a"], ["b"]), Self.node(next, ["b"], ["c"])]
      model.proto.functions.append(function)
    }
    let imported = try model.read()
    let error = #expect(throws: ModelError.self) { try imported.graph() }
    #expect(error?.description.contains("nodes") == true)
  }

  /// Each node makes numbers that are known: what is kept of them is bounded.
  @Test func constantsThatGrow() throws {
    var model = TinyModel()
    model.input("x", ["1"])
    model.integers("shape", [1], [4096])
    for index in 0..<3000 { model.node("ConstantOfShape", ["shape"], ["c\(index)"]) }
    model.node("Add", ["x", "c2999"], ["y"])
    model.output("y")
    let graph = try model.read().graph()
    let kept = graph.graph.origins.reduce(0) {
      if case .constant(let numbers) = $1 { $0 + numbers.count } else { $0 }
    }
    #expect(kept < 5_000_000)
    #expect(try graph.run(["x": [2]])["y"] == Array(repeating: 2, count: 4096))
  }
}
