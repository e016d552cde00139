import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Interpolation to another size along some axes, as ONNX defines it: separable, nearest, linear or cubic.
///
/// PyTorch's `interpolate`: `nearest` is `.nearest` with `.asymmetric` and `.floor`; `bilinear` and `bicubic` are
/// `.linear` and `.cubic` with `.halfPixel`, or `.alignCorners`; with `antialias` both `antialias` and
/// `excludesOutside`, and a cubic coefficient of -0.5.
public struct Resize: Operator {
  public static let name = "Resize"

  public enum Mode: String, Sendable, Hashable, Codable, CaseIterable { case nearest, linear, cubic }

  /// Where a place x of the result lies in the input.
  public enum Coordinates: String, Sendable, Hashable, Codable, CaseIterable {
    /// (x + 0.5) / scale - 0.5.
    case halfPixel = "half_pixel"
    /// The same around the middle, when scale x extent is not whole.
    case halfPixelSymmetric = "half_pixel_symmetric"
    /// Half pixel, but 0 when the result has one place.
    case pytorchHalfPixel = "pytorch_half_pixel"
    /// x (input - 1) / (result - 1): first on first, last on last; 0 when the result has one place. For the result counts
    /// scale x input, which need not be whole.
    case alignCorners = "align_corners"
    /// x / scale.
    case asymmetric
    /// (x + 0.5) / scale, for the nearest neighbour of ONNX's opset 11.
    case tfHalfPixelForNearest = "tf_half_pixel_for_nn"
    /// Over `region`; what lies outside of the input becomes `extrapolation`.
    case tfCropAndResize = "tf_crop_and_resize"
  }

  /// Which neighbour is the nearest.
  public enum Rounding: String, Sendable, Hashable, Codable, CaseIterable {
    case roundPreferFloor = "round_prefer_floor"
    case roundPreferCeil = "round_prefer_ceil"
    case floor, ceil
  }

  public enum Target: Sendable, Hashable {
    /// Result = input x scale, rounded down.
    case scales([Double])
    case sizes([Int])
  }

  public let target: Target
  /// What the numbers of the target and of `region` stand for; nil: all dimensions.
  public let axes: [Int]?
  public let mode: Mode
  public let coordinates: Coordinates
  public let rounding: Rounding
  /// The parameter a of cubic interpolation (Keys 1981): -0.75 or -0.5.
  public let cubicCoefficient: Double
  /// Weights of places outside are 0, and the others are scaled to a sum of 1; else the border is repeated.
  public let excludesOutside: Bool
  /// Widens the linear or cubic kernel where the result is smaller than the input.
  public let antialias: Bool
  /// For `.tfCropAndResize`: for each axis where the region begins and ends, as parts of the input's length.
  public let region: [ClosedRange<Double>]
  public let extrapolation: Double

  public init(
    _ target: Target, axes: [Int]? = nil, mode: Mode = .nearest, coordinates: Coordinates = .halfPixel,
    rounding: Rounding = .roundPreferFloor, cubicCoefficient: Double = -0.75, excludesOutside: Bool = false,
    antialias: Bool = false, region: [ClosedRange<Double>] = [], extrapolation: Double = 0
  ) {
    (self.target, self.axes, self.mode, self.coordinates) = (target, axes, mode, coordinates)
    (self.rounding, self.cubicCoefficient) = (rounding, cubicCoefficient)
    (self.excludesOutside, self.antialias) = (excludesOutside, antialias)
    (self.region, self.extrapolation) = (region, extrapolation)
  }

  public var detail: String {
    let size =
      switch target {
      case .scales(let scales): "scales \(scales)"
      case .sizes(let sizes): "sizes \(sizes)"
      }
    return "\(mode.rawValue), \(coordinates.rawValue), \(size)"
  }

  /// For each axis that is named its dimension, extent, scale, and the region's ends.
  private func plan(_ shape: Shape) throws(OperatorError) -> [(
    dimension: Int, extent: Int, scale: Double, region: ClosedRange<Double>
  )] {
    let axes = axes ?? Array(0..<shape.rank)
    _ = try dimensions(axes, of: shape)
    let given =
      switch target {
      case .scales(let scales): scales.count
      case .sizes(let sizes): sizes.count
      }
    guard given == axes.count else {
      throw OperatorError("\(given) sizes or scales for \(axes.count) axes of \(shape)")
    }
    if coordinates == .tfCropAndResize, region.count != axes.count {
      throw OperatorError("\(region.count) ends of a region for \(axes.count) axes of \(shape)")
    }
    var result: [(dimension: Int, extent: Int, scale: Double, region: ClosedRange<Double>)] = []
    for (position, axis) in axes.enumerated() {
      let dimension = try dimension(axis, of: shape)
      let source = shape[dimension]
      let extent: Int
      let scale: Double
      switch target {
      case .sizes(let sizes):
        extent = sizes[position]
        scale = Double(extent) / Double(max(1, source))
      case .scales(let scales):
        scale = scales[position]
        guard scale > 0, let whole = Int(exactly: (Double(source) * scale).rounded(.down)) else {
          throw OperatorError("the scale \(scale) of dimension \(dimension) of \(shape) is not possible")
        }
        extent = whole
      }
      guard extent >= 0, extent <= Int32.max, source > 0 || extent == 0 else {
        throw OperatorError("dimension \(dimension) of \(shape) cannot be resized to \(extent)")
      }
      guard extent > 0 || source == 0 else {
        throw OperatorError("nothing is left of dimension \(dimension) of \(shape)")
      }
      let region = coordinates == .tfCropAndResize ? region[position] : 0...1
      guard region.lowerBound.isFinite, region.upperBound.isFinite, abs(region.lowerBound) < 1e6,
        abs(region.upperBound) < 1e6
      else { throw OperatorError("the region \(region) of dimension \(dimension) is not possible") }
      result.append((dimension, extent, scale, region))
    }
    return result
  }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    var extents = inputs[0].extents
    for part in try plan(inputs[0]) { extents[part.dimension] = part.extent }
    return [try .made(extents)]
  }

  func map(_ shape: Shape) -> SeparableMap {
    let parts = (try? plan(shape)) ?? []
    let maps = parts.compactMap { part -> AxisWeights? in
      let source = shape[part.dimension]
      let isSame = part.extent == source && part.scale == 1 && coordinates != .tfCropAndResize
      if isSame { return nil }
      return AxisWeights(
        part.dimension, sources: source,
        (0..<part.extent).map { row($0, source, part.extent, part.scale, part.region) })
    }
    return SeparableMap(shape, maps)
  }

  /// Where `place` of the result lies in the input; nil outside of what is to be read.
  private func coordinate(
    _ place: Int, _ source: Int, _ extent: Int, _ scale: Double, _ region: ClosedRange<Double>
  ) -> Double? {
    let x = Double(place)
    switch coordinates {
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      let adjustment = Double(extent) / (scale * Double(source))
      return Double(source) / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return extent > 1 ? (x + 0.5) / scale - 0.5 : 0
    case .alignCorners:
      guard extent > 1 else { return 0 }
      // A scale that does not give a whole extent counts as it is, as in ONNX.
      let length = scale * Double(source)
      let whole = abs(length - Double(extent)) < 1e-5 * length ? Double(extent) : length
      return x * Double(source - 1) / (whole - 1)
    case .asymmetric: return x / scale
    case .tfHalfPixelForNearest: return (x + 0.5) / scale
    case .tfCropAndResize:
      let (start, end, last) = (region.lowerBound, region.upperBound, Double(source - 1))
      let at =
        extent > 1
        ? start * last + x * (end - start) * last / Double(extent - 1) : (start + end) / 2 * last
      return at >= 0 && at <= last ? at : nil
    }
  }

  /// The entries of one place of the result.
  private func row(
    _ place: Int, _ source: Int, _ extent: Int, _ scale: Double, _ region: ClosedRange<Double>
  ) -> [(place: Int, weight: Double)]? {
    guard let x = coordinate(place, source, extent, scale, region) else { return nil }
    let last = source - 1
    if mode == .nearest { return [(min(max(nearest(x), 0), last), 1)] }
    let reach = mode == .linear ? 1.0 : 2.0
    // A wider kernel takes all numbers that a smaller result stands for.
    let narrow = antialias ? min(scale, 1) : 1
    let (from, to) = ((x - reach / narrow).wholeBelow, (x + reach / narrow).wholeBelow + 1)
    var entries: [(place: Int, weight: Double)] = []
    var sum = 0.0
    for neighbour in from...to {
      let isInside = neighbour >= 0 && neighbour <= last
      let weight = excludesOutside && !isInside ? 0 : kernel(narrow * (Double(neighbour) - x))
      if weight == 0 { continue }
      sum += weight
      let at = min(max(neighbour, 0), last)
      if let end = entries.last, end.place == at {
        entries[entries.count - 1].weight += weight
      } else {
        entries.append((at, weight))
      }
    }
    guard antialias || excludesOutside, sum != 0 else { return entries }
    return entries.map { ($0.place, $0.weight / sum) }
  }

  private func nearest(_ x: Double) -> Int {
    let below = x.rounded(.down)
    let isUpper =
      switch rounding {
      case .floor: false
      case .ceil: x > below
      case .roundPreferFloor: x - below > 0.5
      case .roundPreferCeil: x - below >= 0.5
      }
    return below.wholeBelow + (isUpper ? 1 : 0)
  }

  private func kernel(_ distance: Double) -> Double {
    let (t, a) = (abs(distance), cubicCoefficient)
    if mode == .linear { return max(0, 1 - t) }
    if t <= 1 { return ((a + 2) * t - (a + 3)) * t * t + 1 }
    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  public func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    map(inputs[0].shape).reference(inputs[0], outputs[0], outside: T(extrapolation))
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    map(inputs[0].shape).compute(inputs[0], outputs[0], outside: Float(extrapolation), run)
  }

  public func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int { map(inputs[0]).workspaceBytes }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(ResizeGradient(of: self, graph.shape(call.inputs[0])), seed)]
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: map(inputs[0]).operations)
  }

  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    guard let shape = inputs.first, let parts = try? plan(shape) else { return nil }
    guard !output.isEmpty, let part = parts.first(where: { $0.dimension == dimension }) else { return output }
    func reach(_ place: Int) -> Range<Int>? {
      guard let x = coordinate(place, shape[dimension], part.extent, part.scale, part.region) else {
        return nil
      }
      if mode == .nearest {
        let near = nearest(x)
        return near..<near + 1
      }
      let reach = (mode == .linear ? 1.0 : 2.0) / (antialias ? min(part.scale, 1) : 1)
      let first = (x - reach).wholeBelow + 1
      return first..<max(first + 1, -(-x - reach).wholeBelow)
    }
    // Where places depend on the extent of the whole field, a part of it would be another one.
    let isLocal = ![.tfCropAndResize, .alignCorners, .halfPixelSymmetric].contains(coordinates)
    guard isLocal, let first = reach(output.lowerBound),
      let last = reach(output.upperBound - 1)
    else { return nil }
    return min(first.lowerBound, last.lowerBound)..<max(first.upperBound, last.upperBound)
  }
}

/// The adjoint of the interpolation.
struct ResizeGradient: Operator {
  static let name = "ResizeGradient"
  let resize: Resize
  let target: Shape
  init(of resize: Resize, _ target: Shape) { (self.resize, self.target) = (resize, target) }
  var detail: String { resize.detail }

  private func map(_ seed: Shape) -> SeparableMap {
    SeparableMap(seed, resize.map(target).maps.map(\.transposed))
  }

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    guard try resize.outputShapes([target]) == inputs else {
      throw OperatorError("\(inputs[0]) is not what \(target) is resized to")
    }
    return [target]
  }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    map(inputs[0].shape).reference(inputs[0], outputs[0], outside: 0)
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    map(inputs[0].shape).compute(inputs[0], outputs[0], outside: 0, run)
  }

  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int { map(inputs[0]).workspaceBytes }

  func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?] {
    throw noSecondGradient(call)
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { Cost(operations: map(inputs[0]).operations) }
}
