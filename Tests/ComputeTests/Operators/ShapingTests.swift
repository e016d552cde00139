import Compute
import Tensors
import Testing

/// Operators that move numbers and change none.
@Suite struct ShapingTests {
  static let cases: [OperatorCase] = [
    .init("open extent", Reshape([2, -1]), [.init(extents: [2, 3, 4])], hasGolden: true),
    .init("keeps", Reshape([0, 6, -1]), [.init(extents: [2, 3, 4])]),
    .init("to one number", Reshape([]), [.init(extents: [1, 1])]),
    .init("axis 1", Flatten(), [.init(extents: [2, 3, 4])]),
    .init("axis 0", Flatten(axis: 0), [.init(extents: [2, 3])]),
    .init("of one number", Flatten(axis: 0), [.init(extents: [])]),
    .init("from behind", Flatten(axis: -1), [.init(extents: [2, 3, 4])]),
    .init("all", Squeeze(), [.init(extents: [1, 3, 1])]),
    .init("one", Squeeze(axes: [-1]), [.init(extents: [1, 3, 1])]),
    .init("both ends", Unsqueeze(axes: [0, -1]), [.init(extents: [3, 2])]),
    .init("same", Identity(), [.init(extents: [3, 2])]),
    .init(
      "channels", Concat(axis: 1), [.init(extents: [2, 3, 5]), .init(extents: [2, 1, 5])], hasGolden: true),
    .init(
      "last", Concat(axis: -1), [.init(extents: [3, 2]), .init(extents: [3, 1]), .init(extents: [3, 4])]),
    .init("empty part", Concat(axis: 0), [.init(extents: [0, 2]), .init(extents: [3, 2])]),
    .init("one part", Concat(axis: 0), [.init(extents: [3, 2])]),
    .init("inside", Slice(axis: 1, 1, 4), [.init(extents: [2, 5, 3])], hasGolden: true),
    .init(
      "steps", Slice(axes: [0, 2], starts: [1, 0], ends: [99, -1], steps: [2, 3]),
      [.init(extents: [5, 2, 8])], hasGolden: true),
    .init(
      "backwards", Slice(axes: [-1], starts: [-1], ends: [.min], steps: [-1]), [.init(extents: [3, 5])],
      hasGolden: true),
    .init(
      "backwards in steps", Slice(axes: [1], starts: [7], ends: [0], steps: [-2]), [.init(extents: [3, 8])],
      hasGolden: true),
    .init("huge step", Slice(axes: [0], starts: [0], ends: [.max], steps: [.max]), [.init(extents: [3, 2])]),
    .init("nothing", Slice(axis: 0, 2, 1), [.init(extents: [3, 2])], checksGradient: false),
    .init(
      "constant", Pad([.none, .none, .init(1, 2), .init(0, 3)], value: 0.5), [.init(extents: [2, 3, 4, 5])],
      hasGolden: true),
    .init(
      "replicate", Pad([.none, .init(1, 2, .replicate), .init(3, 0, .replicate)]),
      [.init(extents: [2, 3, 4])], hasGolden: true),
    .init(
      "reflect", Pad([.none, .init(2, 1, .reflect), .init(3, 2, .reflect)]), [.init(extents: [2, 3, 4])],
      hasGolden: true),
    .init(
      "periodic", Pad([.none, .init(2, 1, .periodic), .init(3, 4, .periodic)]), [.init(extents: [2, 3, 4])],
      hasGolden: true),
    .init(
      "globe", Pad([.none, .none, .init(2, 2, .replicate), .init(2, 2, .periodic)]),
      [.init(extents: [1, 2, 3, 4])], hasGolden: true),
    .init("crop", Pad([.none, .init(-1, 2), .init(1, -2)]), [.init(extents: [2, 3, 5])], hasGolden: true),
    .init("crop alone", Pad([.init(-1, 0), .init(-1, -1)]), [.init(extents: [3, 4])], hasGolden: true),
    .init("more than once around", Pad([.init(7, 5, .periodic)]), [.init(extents: [3])]),
    .init("one pixel", Pad([.init(1, 1, .replicate), .init(1, 1, .periodic)]), [.init(extents: [1, 1])]),
    .init("batch", Pad([.init(1, 0), .none, .init(0, 1)]), [.init(extents: [2, 3, 2])]),
    .init("one number", Pad([]), [.init(extents: [])]),
    .init("three", Transpose([2, 0, 1]), [.init(extents: [2, 3, 4])], hasGolden: true),
    .init("reversed", Transpose(), [.init(extents: [2, 3, 4])]),
    .init("channels last", Transpose([0, 2, 3, 1]), [.init(extents: [2, 3, 5, 7])]),
    .init("as it is", Transpose([0, 1]), [.init(extents: [2, 3])]),
    .init("both", Tile([3, 2]), [.init(extents: [2, 3])], hasGolden: true),
    .init("once", Tile([1, 1, 1]), [.init(extents: [2, 3, 1])]),
    .init("five dimensions", Tile([2, 1, 1, 3, 1]), [.init(extents: [1, 2, 1, 1, 3])]),
    .init("never", Tile([0]), [.init(extents: [2])], checksGradient: false),
    .init("CRD", DepthToSpace(block: 2, order: .crd), [.init(extents: [2, 12, 2, 3])], hasGolden: true),
    .init("DCR", DepthToSpace(block: 3), [.init(extents: [1, 18, 2, 1])]),
    .init("CRD", SpaceToDepth(block: 2, order: .crd), [.init(extents: [2, 3, 4, 6])], hasGolden: true),
    .init("DCR", SpaceToDepth(block: 3), [.init(extents: [1, 2, 6, 3])]),
    .init("parts", Split(axis: 1, sizes: [1, 3, 0, 2]), [.init(extents: [2, 6, 3])], outputs: [0, 1, 3]),
    .init("a part unused", Split(axis: -1, sizes: [1, 3]), [.init(extents: [2, 4])], outputs: [1]),
    .init(
      "rows", Gather(axis: 1),
      [
        .init(extents: [2, 3, 4]), .init(extents: [2, 2], numbers: [2, 0, -1, 2], isDifferentiable: false),
      ],
      hasGolden: true),
    .init(
      "one", Gather(), [.init(extents: [3, 2]), .init(extents: [], numbers: [1], isDifferentiable: false)]),
  ]

  @Test(arguments: cases) func moves(_ one: OperatorCase) throws { try one.check() }

  /// The examples of ONNX's text.
  @Test func blocksInONNXOrder() throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([1, 8, 1, 1]))
    let dcr = try graph.one(DepthToSpace(block: 2), x)
    let crd = try graph.one(DepthToSpace(block: 2, order: .crd), x)
    let back = try graph.one(SpaceToDepth(block: 2), dcr)
    let numbers = [0, 1, 2, 3, 4, 5, 6, 7].map(Double.init)
    #expect(
      try Interpreter<Double>(graph).run([dcr, crd, back], ["x": numbers]) == [
        [0, 2, 4, 6, 1, 3, 5, 7], [0, 1, 2, 3, 4, 5, 6, 7], numbers,
      ])
  }

  @Test func indicesThatAreNotThereGiveNaN() throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([2]))
    let indices = try graph.constant([0, 2, -3, 0.5, .nan, -1], [6])
    let result = try graph.one(Gather(), x, indices)
    let found = try Interpreter<Double>(graph).run([result], ["x": [7, 8]])[0]
    #expect(found[0] == 7 && found[5] == 8 && found[1...4].allSatisfy(\.isNaN))
  }

  @Test(arguments: [(0, [2, 0, 1]), (1, [1, 0])] as [(Int, [Double])])
  func greatest(_ axis: Int, _ expected: [Double]) throws {
    let numbers: [Double] = axis == 0 ? [1, 5, 0, 2, 3, 4, 6, 5, 4] : [1, 5, 2, 4, 3, 4]
    try OperatorCase(
      "greatest", ArgMax(axis: axis), [.init(extents: [axis == 0 ? 3 : 2, 3], numbers: numbers)],
      checksGradient: false
    ).check()
    var graph = Graph()
    let x = try graph.parameter("x", .init([axis == 0 ? 3 : 2, 3]))
    let result = try graph.one(ArgMax(axis: axis, keepsDimensions: false), x)
    #expect(try Interpreter<Double>(graph).run([result], ["x": numbers]) == [expected])
  }

  @Test func greatestAmongEqualNumbers() throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([4]))
    let first = try graph.one(ArgMax(), x)
    let last = try graph.one(ArgMax(selectsLast: true), x)
    let run = Interpreter<Double>(graph)
    #expect(try run.run([first, last], ["x": [1, 3, 3, 2]]) == [[1], [2]])
    #expect(try run.run([first, last], ["x": [1, .nan, 3, 2]]) == [[1], [1]])
  }

  @Test func namesWhatDoesNotFit() {
    expectError(Transpose([0, 0]), [[2, 3]], contains: "does not name each dimension of [2 x 3] once")
    expectError(Tile([2]), [[2, 3]], contains: "repeats for 1 dimensions, [2 x 3] has 2")
    expectError(Tile([.max, 1]), [[2, 3]], contains: "are too many")
    expectError(DepthToSpace(block: 2), [[1, 3, 2, 2]], contains: "the 3 channels of [1 x 3 x 2 x 2]")
    expectError(DepthToSpace(block: 0), [[1, 3, 2, 2]], contains: "a block of 0 pixels")
    expectError(SpaceToDepth(block: 2), [[1, 3, 2, 3]], contains: "dimension 3 of [1 x 3 x 2 x 3]")
    expectError(SpaceToDepth(block: 2), [[3, 2, 3]], contains: "[N x C x H x W] expected")
    expectError(Split(axis: 0, sizes: [1, 1]), [[3]], contains: "do not add up to 3")
    expectError(Gather(axis: 1), [[3], [2]], contains: "there is no axis 1")
    expectError(ArgMax(axis: 1), [[3]], contains: "there is no axis 1")
    expectError(ArgMax(), [[0]], contains: "is empty")
    expectError(Reshape([4, -1]), [[2, 3]], contains: "[2 x 3] with 6 elements cannot become [4 x -1]")
    expectError(Reshape([5]), [[2, 3]], contains: "[2 x 3] has 6 elements, which cannot become [5] with 5")
    expectError(Reshape([-1, -1]), [[2, 3]], contains: "more than one extent open")
    expectError(Reshape([6, 1, 0]), [[2, 3]], contains: "dimension 2")
    expectError(Flatten(axis: 3), [[2, 3]], contains: "there is no axis 3")
    expectError(Squeeze(axes: [1]), [[1, 3]], contains: "has the extent 3")
    expectError(Unsqueeze(axes: [5]), [[1, 3]], contains: "there is no axis 5")
    expectError(
      Concat(axis: 1), [[2, 3, 4], [2, 3, 5]], contains: "along dimension 2 input 1 has 5, input 0 has 4")
    expectError(Concat(axis: 0), [[2, 3], [2]], contains: "input 1 [2] has rank 1")
    expectError(Concat(axis: 0), [], contains: "at least one input")
    expectError(Slice(axis: 2, 0, 1), [[2, 3]], contains: "there is no axis 2")
    expectError(Slice(axis: 0, 0, 1, step: 0), [[2, 3]], contains: "the step along axis 0 is 0")
    expectError(Pad([.none]), [[2, 3]], contains: "pads for 1 dimensions, [2 x 3] has 2")
    expectError(Pad([.init(3, 0, .reflect)]), [[3]], contains: "at most 2 around dimension 0 of [3], not 3")
    expectError(Pad([.init(-2, -2)]), [[3]], contains: "take more than there is")
    expectError(Pad([.init(1, 0, .replicate)]), [[0]], contains: "is empty")
    expectError(Pad([.init(.max, .max)]), [[3]], contains: "too large")
  }
}

/// Which part of the input a part of the result needs.
@Suite struct InputRangeTests {
  static func range(_ op: any Operator, _ extents: [[Int]], _ output: Range<Int>, _ dimension: Int) throws
    -> Range<Int>?
  {
    let shapes = try extents.map { try Shape($0) }
    return op.inputRange(
      of: output, dimension: dimension, input: 0, shapes, try op.outputShapes(shapes))
  }

  @Test func ofShapingOperators() throws {
    let image = [[1, 4, 6, 6]]
    #expect(try Self.range(DepthToSpace(block: 2), image, 3..<5, 2) == 1..<3)
    #expect(try Self.range(DepthToSpace(block: 2), image, -3..<0, 2) == -2..<0)
    #expect(try Self.range(DepthToSpace(block: 2), image, 0..<1, 1) == nil)
    #expect(try Self.range(SpaceToDepth(block: 3), image, 1..<2, 3) == 3..<6)
    #expect(try Self.range(Transpose([0, 2, 1, 3]), image, 1..<2, 3) == 1..<2)
    #expect(try Self.range(Transpose([0, 2, 1, 3]), image, 1..<2, 2) == nil)
    #expect(try Self.range(Tile([1, 1, 2, 1]), image, 1..<2, 2) == nil)
    #expect(try Self.range(ArgMax(axis: 1), image, 1..<2, 3) == 1..<2)
    #expect(try Self.range(ArgMax(axis: 1), image, 0..<1, 1) == nil)
    #expect(try Self.range(Gather(axis: 1), image + [[2]], 1..<2, 3) == 1..<2)
  }

  @Test func ofResize() throws {
    func needs(_ mode: Resize.Mode, _ output: Range<Int>, scale: Double = 2) throws -> Range<Int>? {
      try Self.range(Resize(.scales([scale]), axes: [1], mode: mode), [[1, 8]], output, 1)
    }
    // Place 4 of twice as many lies at 1.75.
    #expect(try needs(.linear, 4..<5) == 1..<3)
    #expect(try needs(.cubic, 4..<5) == 0..<4)
    #expect(try needs(.nearest, 4..<6) == 2..<3)
    #expect(try needs(.linear, 0..<1) == -1..<1)
    // Place 1 of half as many lies at 2.5.
    #expect(try needs(.linear, 1..<2, scale: 0.5) == 2..<4)
    #expect(try Self.range(Resize(.scales([2]), axes: [1]), [[3, 8]], 1..<2, 0) == 1..<2)
    for whole in [Resize.Coordinates.alignCorners, .halfPixelSymmetric] {
      let op = Resize(.scales([1.3]), axes: [1], mode: .linear, coordinates: whole)
      #expect(try Self.range(op, [[3, 8]], 1..<2, 1) == nil)
    }
  }

  /// What lies outside of the range must not matter, what lies at its ends must.
  @Test(arguments: [
    Resize(.sizes([17]), axes: [0], mode: .linear), Resize(.sizes([5]), axes: [0], mode: .cubic),
    Resize(.sizes([5]), axes: [0], mode: .linear, antialias: true),
    Resize(.sizes([17]), axes: [0], mode: .cubic, coordinates: .pytorchHalfPixel),
    Resize(.sizes([23]), axes: [0], coordinates: .asymmetric, rounding: .ceil),
  ])
  func agreesWithTheNumbers(_ op: Resize) throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([9]))
    let y = try graph.one(op, x)
    let run = Interpreter<Double>(graph)
    for source in 0..<9 {
      var numbers = [Double](repeating: 0, count: 9)
      numbers[source] = 1
      let found = try run.run([y], ["x": numbers])[0]
      for (place, number) in found.enumerated() where number != 0 {
        let range = op.inputRange(
          of: place..<place + 1, dimension: 0, input: 0, [graph.shape(x)], [graph.shape(y)])
        let clamped = try #require(range).clamped(to: -9..<18)
        #expect(clamped.contains(source) || source == 0 || source == 8, "\(place) needs \(source)")
      }
    }
  }
}
