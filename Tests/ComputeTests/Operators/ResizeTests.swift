import Compute
import Tensors
import Testing

/// Names are those of `peers/resize.py`.
@Suite struct ResizeTests {
  static func one(_ name: String, _ op: Resize, _ extents: [Int]) -> OperatorCase {
    OperatorCase(name, op, [.init(extents: extents)], hasGolden: true, differences: 6)
  }

  /// Opset 11 has one kind of coordinates more, which its reference implementation has not: worked out by hand.
  @Test func halfPixelForNearest() throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([4]))
    let op = Resize(
      .scales([0.6]), mode: .nearest, coordinates: .tfHalfPixelForNearest, rounding: .floor)
    // 0.5 / 0.6 = 0.83, 1.5 / 0.6 = 2.5.
    let y = try graph.one(op, x)
    #expect(try Interpreter<Double>(graph).run([y], ["x": [1, 2, 3, 4]]) == [[1, 3]])
  }

  /// Against ONNX's own reference implementation.
  static let onnx: [OperatorCase] = {
    var cases: [OperatorCase] = []
    let scales: [[Double]] = [[0.6, 1.7], [2, 1.5], [0.5, 0.35]]
    for coordinates in Resize.Coordinates.allCases
    where coordinates != .tfCropAndResize && coordinates != .tfHalfPixelForNearest {
      for scale in scales {
        // ONNX's implementation differs from its text for a result of one place, which is 0 by the text.
        if coordinates == .pytorchHalfPixel && scale == [0.5, 0.35] { continue }
        for mode in [Resize.Mode.linear, .cubic] {
          cases.append(
            one(
              "\(mode) \(coordinates.rawValue) \(scale)",
              Resize(.scales(scale), axes: [1, 2], mode: mode, coordinates: coordinates), [1, 4, 4]))
        }
        for rounding in Resize.Rounding.allCases {
          cases.append(
            one(
              "nearest \(coordinates.rawValue) \(rounding.rawValue) \(scale)",
              Resize(.scales(scale), axes: [1, 2], coordinates: coordinates, rounding: rounding), [1, 4, 4]))
        }
      }
    }
    for mode in [Resize.Mode.linear, .cubic] {
      for scale in [[0.6, 0.4], [0.3, 2]] {
        cases.append(
          one(
            "\(mode) antialias \(scale)",
            Resize(.scales(scale), axes: [1, 2], mode: mode, antialias: true), [1, 7, 6]))
        cases.append(
          one(
            "\(mode) outside excluded \(scale)",
            Resize(.scales(scale), axes: [1, 2], mode: mode, excludesOutside: true), [1, 7, 6]))
      }
      cases.append(
        one("\(mode) sizes", Resize(.sizes([3, 9]), axes: [1, 2], mode: mode), [1, 4, 4]))
    }
    cases.append(
      one(
        "cubic -0.5 outside excluded",
        Resize(.sizes([3, 9]), axes: [1, 2], mode: .cubic, cubicCoefficient: -0.5, excludesOutside: true),
        [1, 4, 4]))
    cases.append(
      one(
        "crop",
        Resize(
          .sizes([3, 4]), axes: [1, 2], mode: .linear, coordinates: .tfCropAndResize,
          region: [0.4...0.6, -0.2...1.3], extrapolation: 10), [1, 4, 4]))
    return cases
  }()

  /// Against PyTorch, with gradients.
  static let torch: [OperatorCase] = {
    func pytorch(_ mode: Resize.Mode, _ sizes: [Int], _ coordinates: Resize.Coordinates) -> Resize {
      Resize(.sizes(sizes), axes: [2, 3], mode: mode, coordinates: coordinates, rounding: .floor)
    }
    var cases: [OperatorCase] = []
    for (mode, name, half) in [
      (.linear, "bilinear", .halfPixel), (.cubic, "bicubic", .halfPixel),
      (.nearest, "nearest", .asymmetric),
    ] as [(Resize.Mode, String, Resize.Coordinates)] {
      for sizes in [[5, 7], [2, 3], [1, 1], [5, 1]] {
        cases.append(one("torch \(name) \(sizes)", pytorch(mode, sizes, half), [1, 2, 3, 4]))
        if mode != .nearest {
          cases.append(
            one("torch \(name) corners \(sizes)", pytorch(mode, sizes, .alignCorners), [1, 2, 3, 4]))
        }
      }
      cases.append(one("torch \(name) pixel", pytorch(mode, [3, 2], half), [1, 1, 1, 1]))
    }
    for (mode, name) in [(Resize.Mode.linear, "bilinear"), (.cubic, "bicubic")] {
      cases.append(
        one(
          "torch \(name) antialias",
          Resize(
            .sizes([3, 2]), axes: [2, 3], mode: mode, cubicCoefficient: -0.5, excludesOutside: true,
            antialias: true), [1, 2, 7, 5]))
    }
    cases.append(
      one("torch line", Resize(.scales([2]), axes: [-1], mode: .linear), [1, 2, 4]))
    cases.append(
      one("torch volume", Resize(.scales([2, 2, 2]), axes: [2, 3, 4], mode: .linear), [1, 1, 2, 3, 1]))
    return cases
  }()

  @Test(arguments: onnx + torch) func resizes(_ one: OperatorCase) throws { try one.check() }

  @Test func onePlaceOfPytorchHalfPixelIsTheFirst() throws {
    var graph = Graph()
    let x = try graph.parameter("x", .init([5]))
    let pixel = Resize(.sizes([1]), mode: .linear, coordinates: .pytorchHalfPixel)
    let result = try graph.one(pixel, x)
    #expect(try Interpreter<Double>(graph).run([result], ["x": [3, 1, 2, 5, 7]]) == [[3]])
  }

  @Test func sameSizeIsTheSame() throws {
    try OperatorCase("same", Resize(.scales([1, 1]), mode: .cubic), [.init(extents: [3, 4])]).check()
    try OperatorCase("same", Resize(.sizes([3]), axes: [1]), [.init(extents: [2, 3])]).check()
  }

  /// Long lines and many channels: the fast loops for whole lines, the cut into pieces.
  @Test func largeFields() throws {
    for mode in Resize.Mode.allCases {
      try OperatorCase(
        "large", Resize(.sizes([61, 83]), axes: [2, 3], mode: mode), [.init(extents: [2, 3, 23, 37])],
        checksGradient: false
      ).check()
    }
  }

  @Test func namesWhatDoesNotFit() {
    expectError(Resize(.sizes([2])), [[3, 4]], contains: "1 sizes or scales for 2 axes of [3 x 4]")
    expectError(Resize(.scales([0.1, 1])), [[3, 4]], contains: "nothing is left of dimension 0")
    expectError(Resize(.scales([-1, 1])), [[3, 4]], contains: "the scale -1.0 of dimension 0")
    expectError(Resize(.scales([.nan, 1])), [[3, 4]], contains: "the scale nan")
    expectError(Resize(.scales([1e300, 1])), [[3, 4]], contains: "the scale 1e+300")
    expectError(Resize(.sizes([2]), axes: [5]), [[3, 4]], contains: "there is no axis 5")
    expectError(Resize(.sizes([-2]), axes: [0]), [[3, 4]], contains: "cannot be resized to -2")
    expectError(Resize(.sizes([2]), axes: [0]), [[0, 4]], contains: "cannot be resized to 2")
    expectError(
      Resize(.sizes([2]), axes: [0], coordinates: .tfCropAndResize), [[3]], contains: "0 ends of a region")
  }
}
