import Kernels
import Tensors

/// How a window moves over the spatial dimensions of a convolution: ONNX's attributes. Padding is with zeros.
public struct Convolution: Sendable, Hashable {
  /// What becomes of cells at the end that the last step of a stride does not reach.
  public enum Fit: Sendable, Hashable {
    /// They are not looked at, as in ONNX and PyTorch.
    case floor
    /// They are an error.
    case exact
  }

  /// One for each spatial dimension, outermost first; empty means 1 each.
  public let strides: [Int]
  public let dilations: [Int]
  /// Cells in front of each dimension, then behind each; empty means none.
  public let pads: [Int]
  public let groups: Int
  public let fit: Fit

  public init(
    strides: [Int] = [], dilations: [Int] = [], pads: [Int] = [], groups: Int = 1, fit: Fit = .floor
  ) {
    (self.strides, self.dilations, self.pads) = (strides, dilations, pads)
    (self.groups, self.fit) = (groups, fit)
  }

  /// Like `kernel 3x3, stride 2x2, groups 4`: what is not the usual.
  func detail(kernel: [Int] = []) -> String {
    func joined(_ values: [Int]) -> String { values.map(String.init).joined(separator: "x") }
    var parts: [String] = []
    if !kernel.isEmpty { parts.append("kernel \(joined(kernel))") }
    if strides.contains(where: { $0 != 1 }) { parts.append("stride \(joined(strides))") }
    if pads.contains(where: { $0 != 0 }) {
      let half = pads.count / 2
      let (before, after) = (Array(pads[..<half]), Array(pads[half...]))
      parts.append("padding \(joined(before))" + (before == after ? "" : " and \(joined(after))"))
    }
    if dilations.contains(where: { $0 != 1 }) { parts.append("dilation \(joined(dilations))") }
    if groups != 1 { parts.append("groups \(groups)") }
    return parts.joined(separator: ", ")
  }

  /// The attributes for `rank` spatial dimensions, spelled out.
  private func complete(_ rank: Int) throws(OperatorError) -> (
    strides: [Int], dilations: [Int], before: [Int], after: [Int]
  ) {
    func filled(_ values: [Int], _ name: String) throws(OperatorError) -> [Int] {
      if values.isEmpty { return Array(repeating: 1, count: rank) }
      guard values.count == rank else {
        throw OperatorError("\(name) \(values) needs \(rank) numbers, one for each spatial dimension")
      }
      guard values.allSatisfy({ $0 >= 1 && $0 <= 1 << 30 }) else {
        throw OperatorError("\(name) \(values) must be 1 or more")
      }
      return values
    }
    let pads = pads.isEmpty ? Array(repeating: 0, count: 2 * rank) : pads
    guard pads.count == 2 * rank else {
      throw OperatorError(
        "the padding \(pads) needs \(2 * rank) numbers: in front of each spatial dimension, then behind each")
    }
    guard pads.allSatisfy({ $0 >= 0 && $0 <= 1 << 30 }) else {
      throw OperatorError("the padding \(pads) must be 0 or more")
    }
    return (
      try filled(strides, "the stride"), try filled(dilations, "the dilation"), Array(pads[..<rank]),
      Array(pads[rank...])
    )
  }

  /// The plan of a convolution of `input` (batch, channels, space) with `weights` (filters, channels of a group,
  /// kernel).
  /// - Parameter output: the extents in space when they are given from outside (smaller than what fits).
  /// - Throws: what does not fit, with the extents at fault.
  func plan(input: Shape, weights: Shape, output: [Int]? = nil) throws(OperatorError) -> ConvolutionPlan {
    let rank = weights.rank - 2
    guard (1...3).contains(rank) else {
      throw OperatorError(
        "the weights \(weights) need filters, channels and 1 to 3 spatial dimensions")
    }
    guard input.rank == rank + 2 else {
      throw OperatorError(
        "the input \(input) needs \(rank + 2) dimensions (batch, channels, space) for the weights \(weights)")
    }
    guard groups >= 1 else { throw OperatorError("groups \(groups) must be 1 or more") }
    let (batch, channels, filters) = (input[0], input[1], weights[0])
    guard channels % groups == 0, channels > 0 else {
      throw OperatorError("\(channels) channels cannot be split into \(groups) groups")
    }
    guard filters % groups == 0, filters > 0 else {
      throw OperatorError("\(filters) filters cannot be split into \(groups) groups")
    }
    guard weights[1] == channels / groups else {
      throw OperatorError(
        "the weights \(weights) expect \(weights[1] * groups) channels"
          + (groups > 1 ? " (\(weights[1]) in each of \(groups) groups)" : "") + ", the input has \(channels)"
      )
    }
    let all = try complete(rank)
    var window = ConvolutionWindow()
    for dimension in 0..<rank {
      let place = 3 - rank + dimension
      let (extent, kernel) = (input[2 + dimension], weights[2 + dimension])
      let (stride, dilation) = (all.strides[dimension], all.dilations[dimension])
      let pads = (all.before[dimension], all.after[dimension])
      guard kernel >= 1 else { throw OperatorError("the kernel \(weights.extents[2...]) is empty") }
      let (reach, isTooLarge) = (kernel - 1).multipliedReportingOverflow(by: dilation)
      guard !isTooLarge, reach < 1 << 40, extent < 1 << 40 else {
        throw OperatorError("a kernel of \(kernel) with dilation \(dilation) is too large")
      }
      let room = extent + pads.0 + pads.1 - reach - 1
      guard room >= 0 else {
        throw OperatorError(
          "a kernel of \(kernel)\(dilation > 1 ? " with dilation \(dilation)" : "") does not fit into \(extent) cells"
            + "\(pads.0 + pads.1 > 0 ? " and padding \(pads.0) + \(pads.1)" : "") (dimension \(2 + dimension)): "
            + "the output would have \(Self.floorDivide(room, stride) + 1)")
      }
      if fit == .exact, room % stride != 0 {
        throw OperatorError(
          "a kernel of \(kernel) with stride \(stride) does not fit exactly into \(extent) cells"
            + " (dimension \(2 + dimension)): \(room % stride) would be left over")
      }
      let natural = room / stride + 1
      var made = natural
      if let output {
        guard output.count == rank, output[dimension] >= 1, output[dimension] <= natural else {
          throw OperatorError("an output of \(output) does not belong to the input \(input)")
        }
        made = output[dimension]
      }
      window.input[place] = extent
      window.output[place] = made
      window.kernel[place] = kernel
      window.stride[place] = stride
      window.dilation[place] = dilation
      window.before[place] = pads.0
    }
    return ConvolutionPlan(
      batch: batch, groups: groups, channels: channels / groups, filters: filters / groups, rank: rank,
      window: window)
  }

  /// The extents in space of a transposed convolution: the input that a convolution would make `input` from.
  func transposedExtents(input: Shape, kernel: [Int], outputPadding: [Int]) throws(OperatorError) -> [Int] {
    let rank = kernel.count
    let all = try complete(rank)
    guard outputPadding.isEmpty || outputPadding.count == rank else {
      throw OperatorError("the output padding \(outputPadding) needs \(rank) numbers")
    }
    var extents: [Int] = []
    for dimension in 0..<rank {
      let extra = outputPadding.isEmpty ? 0 : outputPadding[dimension]
      let (stride, dilation) = (all.strides[dimension], all.dilations[dimension])
      guard extra >= 0, extra == 0 || extra < max(stride, dilation) else {
        throw OperatorError(
          "the output padding \(extra) must be below stride \(stride) or dilation \(dilation)")
      }
      let (inner, overflow) = (input[2 + dimension] - 1).multipliedReportingOverflow(by: stride)
      let (reach, isTooLarge) = (kernel[dimension] - 1).multipliedReportingOverflow(by: dilation)
      guard !overflow, !isTooLarge, inner < 1 << 40, reach < 1 << 40 else {
        throw OperatorError("the output of stride \(stride) is too large")
      }
      let extent = inner + reach + 1 + extra - all.before[dimension] - all.after[dimension]
      guard input[2 + dimension] >= 1, extent >= 1 else {
        throw OperatorError(
          "\(input[2 + dimension]) cells, kernel \(kernel[dimension]) and padding "
            + "\(all.before[dimension]) + \(all.after[dimension]) (dimension \(2 + dimension)) would give an output of \(extent)"
        )
      }
      extents.append(extent)
    }
    return extents
  }

  private static func floorDivide(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((-a + b - 1) / b) }
}

/// The spatial side of a convolution in three dimensions; those in front are 1 when it has fewer.
struct ConvolutionWindow: Sendable, Hashable {
  var input = [1, 1, 1]
  var output = [1, 1, 1]
  var kernel = [1, 1, 1]
  var stride = [1, 1, 1]
  var dilation = [1, 1, 1]
  var before = [0, 0, 0]

  var inputCount: Int { input[0] * input[1] * input[2] }
  var outputCount: Int { output[0] * output[1] * output[2] }
  var kernelCount: Int { kernel[0] * kernel[1] * kernel[2] }

  /// The output positions are the input positions: a matrix product needs no columns.
  var isPointwise: Bool {
    kernelCount == 1 && stride == [1, 1, 1] && before == [0, 0, 0] && input == output
  }

  /// For the kernels.
  var native: isotach_window {
    func three(_ values: [Int]) -> (Int64, Int64, Int64) {
      (Int64(values[0]), Int64(values[1]), Int64(values[2]))
    }
    return isotach_window(
      input: three(input), output: three(output), kernel: three(kernel), stride: three(stride),
      dilation: three(dilation), before: three(before), after: (0, 0, 0))
  }
}

/// A convolution of known shapes: y (batch, groups x filters, output) from x (batch, groups x channels, input) and
/// w (groups x filters, channels, kernel).
struct ConvolutionPlan: Sendable, Hashable {
  let batch: Int
  let groups: Int
  /// Of one group.
  let channels: Int
  /// Of one group.
  let filters: Int
  /// Spatial dimensions.
  let rank: Int
  let window: ConvolutionWindow

  func shape(_ batch: Int, _ channels: Int, _ space: [Int]) throws(OperatorError) -> Shape {
    do { return try Shape([batch, channels] + space[(3 - rank)...]) } catch { throw OperatorError(error) }
  }
  func inputShape() throws(OperatorError) -> Shape { try shape(batch, groups * channels, window.input) }
  func outputShape() throws(OperatorError) -> Shape { try shape(batch, groups * filters, window.output) }
  func weightShape() throws(OperatorError) -> Shape { try shape(groups * filters, channels, window.kernel) }

  /// A multiplication and an addition for each weight and output position.
  var operations: Double {
    2 * Double(batch) * Double(groups * filters) * Double(window.outputCount) * Double(channels)
      * Double(window.kernelCount)
  }
}

extension Convolution {
  /// How the windows move along a spatial dimension.
  /// - Parameter kernel: the extents of the weights.
  func reach(_ dimension: Int, kernel: [Int]) -> ConvolutionReach {
    func value(_ values: [Int], _ standard: Int) -> Int {
      values.indices.contains(dimension) ? values[dimension] : standard
    }
    let cells = kernel.indices.contains(dimension + 2) ? kernel[dimension + 2] : 1
    return ConvolutionReach(
      stride: value(strides, 1), reach: (cells - 1) * value(dilations, 1) + 1, before: value(pads, 0))
  }
}
