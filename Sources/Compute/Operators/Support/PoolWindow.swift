import Tensors

/// The windows that a pooling operator slides over 1 to 3 spatial dimensions (after batch and channel).
///
/// Extents follow PyTorch: floor((input + pads - dilation (kernel - 1) - 1) / stride) + 1; with `ceilMode`
/// rounded up, without windows that would begin in the padding after the input.
public struct PoolWindow: Sendable, Hashable, CustomStringConvertible {
  public let kernel: [Int]
  public let stride: [Int]
  public let dilation: [Int]
  public let padsBefore: [Int]
  public let padsAfter: [Int]
  public let ceilMode: Bool

  /// One number for each spatial dimension.
  /// - Parameters:
  ///   - stride: the kernel when nil, as in PyTorch.
  ///   - padsAfter: as before when nil.
  public init(
    kernel: [Int], stride: [Int]? = nil, dilation: [Int]? = nil, padsBefore: [Int]? = nil,
    padsAfter: [Int]? = nil, ceilMode: Bool = false
  ) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.dilation = dilation ?? kernel.map { _ in 1 }
    self.padsBefore = padsBefore ?? kernel.map { _ in 0 }
    self.padsAfter = padsAfter ?? self.padsBefore
    self.ceilMode = ceilMode
  }

  public var description: String {
    func text(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: "x") }
    var parts = ["kernel " + text(kernel), "stride " + text(stride)]
    if dilation.contains(where: { $0 != 1 }) { parts.append("dilation " + text(dilation)) }
    if padsBefore == padsAfter {
      if padsBefore.contains(where: { $0 != 0 }) { parts.append("padding " + text(padsBefore)) }
    } else {
      parts.append("padding \(text(padsBefore)) before, \(text(padsAfter)) after")
    }
    if ceilMode { parts.append("ceil mode") }
    return parts.joined(separator: ", ")
  }

  /// Elements of one whole window.
  var elements: Int { kernel.reduce(1, *) }

  /// Where the windows lie in an input [batch, channels, spatial...].
  func geometry(_ input: Shape) throws(OperatorError) -> PoolGeometry {
    let spatial = kernel.count
    guard (1...3).contains(spatial) else {
      throw OperatorError("the kernel must have 1 to 3 dimensions, found \(spatial)")
    }
    guard input.rank == spatial + 2 else {
      throw OperatorError(
        "a kernel of \(spatial) dimensions needs an input of rank \(spatial + 2) (batch, channels, space), "
          + "found \(input)")
    }
    for (what, numbers) in [
      ("stride", stride), ("dilation", dilation), ("padding", padsBefore), ("padding", padsAfter),
    ] where numbers.count != spatial {
      throw OperatorError("the \(what) must have \(spatial) numbers, found \(numbers)")
    }
    var axes: [PoolGeometry.Axis] = []
    for dimension in 0..<spatial {
      axes.append(try axis(dimension, input.extents[dimension + 2]))
    }
    return PoolGeometry(planes: input.extents[0] * input.extents[1], axes)
  }

  func outputShape(_ input: Shape) throws(OperatorError) -> Shape {
    let geometry = try geometry(input)
    let extents = input.extents[..<2] + geometry.axes.suffix(kernel.count).map(\.output)
    do { return try Shape(Array(extents)) } catch { throw OperatorError(error) }
  }

  private func axis(_ dimension: Int, _ input: Int) throws(OperatorError) -> PoolGeometry.Axis {
    let (kernel, stride, dilation) = (kernel[dimension], stride[dimension], dilation[dimension])
    let (before, after) = (padsBefore[dimension], padsAfter[dimension])
    let limit = 1 << 24
    for (what, number) in [("kernel", kernel), ("stride", stride), ("dilation", dilation)] {
      guard (1...limit).contains(number) else {
        throw OperatorError("the \(what) must be 1 to \(limit), found \(number)")
      }
    }
    let reach = dilation * (kernel - 1) + 1
    guard (0..<reach).contains(before), (0..<reach).contains(after) else {
      throw OperatorError(
        "the padding must be less than the window, which covers \(reach) elements; found \(before) before and "
          + "\(after) after")
    }
    guard input < 1 << 40 else { throw OperatorError("an extent of \(input) is too large to pool") }
    let space = input + before + after - reach
    guard input > 0, space >= 0 else {
      throw OperatorError(
        "a window that covers \(reach) elements does not fit in \(input + before + after) "
          + "(\(input) and padding) along spatial dimension \(dimension)")
    }
    var output = (space + (ceilMode ? stride - 1 : 0)) / stride + 1
    if ceilMode, (output - 1) * stride >= input + before { output -= 1 }
    var first: [Int] = []
    var taps: [Int] = []
    var counted: [Int] = []
    for index in 0..<output {
      let start = index * stride - before
      let skipped = start < 0 ? (-start + dilation - 1) / dilation : 0
      let end = min(kernel, start < input ? (input - start + dilation - 1) / dilation : 0)
      guard skipped < end else {
        throw OperatorError(
          "window \(index) along spatial dimension \(dimension) holds nothing but padding (\(self), "
            + "input \(input))")
      }
      first.append(start + skipped * dilation)
      taps.append(end - skipped)
      counted.append(min(kernel, (input + after - start + dilation - 1) / dilation))
    }
    return PoolGeometry.Axis(
      input: input, output: output, kernel: kernel, stride: stride, dilation: dilation, before: before,
      first: first, taps: taps, counted: counted)
  }
}

/// Where windows lie, always in three dimensions: missing ones have extent 1.
struct PoolGeometry: Sendable {
  struct Axis: Sendable {
    let input: Int
    let output: Int
    let kernel: Int
    let stride: Int
    let dilation: Int
    let before: Int
    /// For each window: its first element in the input, how many there are, and how many with the padding.
    let first: [Int]
    let taps: [Int]
    let counted: [Int]

    static let single = Axis(
      input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, before: 0, first: [0], taps: [1], counted: [1])

    /// The windows whose tap number `tap` lies in the input; window w reads element w * stride + offset.
    func windows(tap: Int) -> (range: Range<Int>, offset: Int) {
      let offset = tap * dilation - before
      let low = offset < 0 ? (-offset + stride - 1) / stride : 0
      let high = offset < input ? min(output, (input - 1 - offset) / stride + 1) : 0
      return (low..<max(low, high), offset)
    }
  }

  let planes: Int
  let axes: [Axis]

  init(planes: Int, _ axes: [Axis]) {
    self.planes = planes
    self.axes = [Axis](repeating: .single, count: 3 - axes.count) + axes
  }

  var inputPlane: Int { axes[0].input * axes[1].input * axes[2].input }
  var outputPlane: Int { axes[0].output * axes[1].output * axes[2].output }
  /// Two by two side by side, without padding, over images.
  var isHalf: Bool {
    axes[0].input == 1 && axes[0].kernel == 1 && axes[0].output == 1
      && axes[1...].allSatisfy {
        $0.kernel == 2 && $0.stride == 2 && $0.dilation == 1 && $0.before == 0 && 2 * $0.output <= $0.input
      }
  }
  /// Planes that one piece of work takes.
  var grain: Int { max(1, 16384 / max(1, inputPlane)) }

  /// Calls `body(window, elements of the input, elements with the padding)` for each window of a plane, in order.
  func forEachWindow(_ body: (_ window: Int, _ elements: PoolWindowElements, _ counted: Int) -> Void) {
    var window = 0
    for z in 0..<axes[0].output {
      for y in 0..<axes[1].output {
        for x in 0..<axes[2].output {
          let elements = PoolWindowElements(
            start: (axes[0].first[z] * axes[1].input + axes[1].first[y]) * axes[2].input + axes[2].first[x],
            counts: (axes[0].taps[z], axes[1].taps[y], axes[2].taps[x]),
            steps: (
              axes[0].dilation * axes[1].input * axes[2].input, axes[1].dilation * axes[2].input,
              axes[2].dilation
            ))
          body(window, elements, axes[0].counted[z] * axes[1].counted[y] * axes[2].counted[x])
          window += 1
        }
      }
    }
  }

  /// Calls `body(rows of output, rows of input, tap's windows, offset)` for every tap of every row of windows: the
  /// loop along a row is the caller's. Starts of rows are elements of the plane.
  @inline(__always)
  func forEachTapRow(
    _ body: (_ output: Int, _ input: Int, _ windows: Range<Int>, _ offset: Int) -> Void
  ) {
    let columns = (0..<axes[2].kernel).map { axes[2].windows(tap: $0) }
    for z in 0..<axes[0].output {
      for y in 0..<axes[1].output {
        let output = (z * axes[1].output + y) * axes[2].output
        for tapZ in 0..<axes[0].taps[z] {
          let depth = axes[0].first[z] + tapZ * axes[0].dilation
          for tapY in 0..<axes[1].taps[y] {
            let row = axes[1].first[y] + tapY * axes[1].dilation
            let input = (depth * axes[1].input + row) * axes[2].input
            for (windows, offset) in columns { body(output, input, windows, offset) }
          }
        }
      }
    }
  }
}

/// The elements of the input in one window, in row-major order.
struct PoolWindowElements {
  let start: Int
  let counts: (Int, Int, Int)
  let steps: (Int, Int, Int)

  var count: Int { counts.0 * counts.1 * counts.2 }

  @inline(__always)
  func forEach(_ body: (Int) -> Void) {
    for z in 0..<counts.0 {
      for y in 0..<counts.1 {
        let row = start + z * steps.0 + y * steps.1
        for x in 0..<counts.2 { body(row + x * steps.2) }
      }
    }
  }
}

extension PoolWindow {
  /// What the windows `output` cover along a dimension of [batch, channels, space...].
  func inputRange(of output: Range<Int>, _ dimension: Int) -> Range<Int>? {
    guard dimension >= 2, kernel.indices.contains(dimension - 2) else { return output }
    let own = dimension - 2
    return ConvolutionReach(
      stride: stride[own], reach: (kernel[own] - 1) * dilation[own] + 1, before: padsBefore[own]
    ).inputRange(of: output)
  }
}
