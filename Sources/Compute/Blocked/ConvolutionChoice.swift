import Kernels
import Tensors

/// How a graph may be computed on blocked values.
public struct LayoutOptions: Sendable, Hashable {
  public enum Precision: String, Sendable, Hashable, Codable, CaseIterable {
    /// Sums of products alone: errors of about 1e-6 of the largest value.
    case exact
    /// Winograd where it is faster: below 5e-5 of the largest value, usually about 5e-6.
    case fast
    /// Operands of convolutions and dense layers rounded to bfloat16, sums in float32: errors of about 1e-2 of the largest
    /// value, half the memory for weights, and the processor's own units for such products. Layers without such a kernel
    /// are computed in float32, as by `exact`.
    case bf16

    /// For the help of keys and options.
    public static let help =
      "fast: float32, 3 x 3 convolutions by Winograd's algorithm where that is faster; exact: float32, sums of products "
      + "alone; bf16: operands of convolutions and dense layers rounded to bfloat16, about 1e-2 of the largest value off, "
      + "with sums in float32 and half the memory for weights"

    /// What files say behind the network's name; empty for float32.
    public var provenance: String { self == .bf16 ? " with products in bfloat16" : "" }
  }
  public var precision: Precision
  /// Packed weights of one convolution may have so many bytes at most: transformed 3 x 3 weights are 4 (7) times as
  /// large as they were.
  public var packedBytes: Int
  /// Weights are packed in every run, as in training: then it counts how long that takes.
  public var packsEachRun: Bool

  public init(precision: Precision = .fast, packedBytes: Int = 1 << 30, packsEachRun: Bool = false) {
    (self.precision, self.packedBytes, self.packsEachRun) = (precision, packedBytes, packsEachRun)
  }
}

/// The cost model of convolutions: in multiplications and additions of the direct way at its full speed, reckoned from
/// shapes alone, so that the choice is the same in every run.
///
/// - Direct sums take 2 x pixels x taps x channels x filters, filters filled up to blocks of 16; to plain values (few filters out) twice that of channels filled up instead of
///   filters; depthwise sums 4 times theirs, for they wait for memory.
/// - Direct sums of products in bfloat16 count as others. When they are asked for they take the place of these, of
///   Winograd, and of those from plain values with 16 channels or more.
/// - Vectors of pixels (few channels and filters, plain values) take 2.4 x pixels x taps x channels x filters, nothing
///   filled up but the pixels: to 4 rows and 32 columns.
/// - Winograd F(m x m, k x k) takes 2 (m + k - 1)^2 x channels x filters (both filled up) for each tile of m x m pixels
///   at 90 % of the speed, and the transforms of a tile 12 (24 of 8 x 8 points) for each point and each channel and
///   filter.
/// - A packed weight costs 8, for it is read from the cache; beyond 2^16 of a layer, which do not stay there, 128: half
///   of that is its way from memory in each run, and half the memory that it takes. F(2 x 2) has 16 transformed weights
///   for 9, F(4 x 4) 36: where tiles are few, fewer weights are worth more multiplications.
///   One that is packed in every run, and not held, costs 24, and beyond 2^16 200: those are written to memory and read
///   again.
/// - The plain kernels reach about a third of that speed, but know no blocks: one channel costs one. Their weights, as
///   they are, cost what packed ones do that are held.
/// - A number that is moved to or from blocks costs 32.
struct ConvolutionChoice {
  let options: LayoutOptions

  static let movedNumber = 32.0
  static let plainSlowdown = 3.0

  /// All ways of a convolution, and what they cost.
  func ways(_ plan: ConvolutionPlan, isAdjoint: Bool, lanes: Lanes) -> [(
    convolution: BlockedConvolution, cost: Double
  )] {
    // Whatever the processor has: the choice is the same everywhere, and so are the roundings.
    var replaced: Set<BlockedConvolution.Way> = []
    if options.precision == .bf16, BlockedConvolution.hasRounded(plan, isAdjoint: isAdjoint, lanes: lanes) {
      replaced = [.direct, .transposed]
      if lanes.channels >= Lanes.width { replaced.formUnion([.first, .plain]) }
    }
    return BlockedConvolution.Way.allCases.compactMap { way in
      // F(6 x 6) saves little beside F(4 x 4), for twice the error and nearly twice the weights.
      guard way != .winograd6, options.precision == .fast || !way.isWinograd,
        way.isRounded ? options.precision == .bf16 : !replaced.contains(way),
        let convolution = BlockedConvolution(plan, isAdjoint: isAdjoint, lanes: lanes, way: way),
        !way.isWinograd || convolution.packedCount <= options.packedBytes / MemoryLayout<Float>.stride
      else { return nil }
      return (convolution, Self.cost(convolution) + weights(convolution.packedCount))
    }
  }

  /// Of packed weights: of reading and holding them, or of packing them in every run.
  private func weights(_ count: Int) -> Double {
    Self.weights(count, packsEachRun: options.packsEachRun)
  }

  private static func weights(_ count: Int, packsEachRun: Bool) -> Double {
    let (few, many) = (Double(min(count, 1 << 16)), Double(max(0, count - (1 << 16))))
    return packsEachRun ? 24 * few + 200 * many : 8 * few + 128 * many
  }

  /// Without that of the weights.
  static func cost(_ convolution: BlockedConvolution) -> Double {
    let plan = convolution.plan
    func filled(_ channels: Int) -> Double { Double(Lanes.blocks(channels) * Lanes.width) }
    let cells = convolution.isAdjoint ? plan.window.input : plan.window.output
    let (channels, filters) = (convolution.channels / plan.groups, convolution.filters / plan.groups)
    // A product of a pixel of what the convolution makes, a tap and a channel; with a stride its adjoint knows which
    // taps meet a pixel, without one all of them do, those that lie in the padding too.
    let pixels =
      convolution.isAdjoint && plan.window.stride == [1, 1, 1] ? cells[1] * cells[2] : plan.window.outputCount
    let taps = 2 * Double(plan.batch * pixels * plan.window.kernelCount)
    switch convolution.way {
    case .direct, .transposed, .rounded, .roundedTransposed:
      // Groups that are no whole blocks are computed together, with zeros between them.
      let isWhole = channels % Lanes.width == 0 && filters % Lanes.width == 0
      let together =
        plan.groups == 1 || isWhole ? channels : min(convolution.channels, max(channels, Lanes.width))
      return taps * Double(together)
        * (plan.groups == 1 ? filled(filters) : filled(convolution.filters))
    case .first: return taps * Double(channels) * filled(convolution.filters)
    case .last: return 2 * taps * filled(convolution.channels) * Double(filters)
    case .plain:
      func filled(_ cells: Int, _ by: Int) -> Double { Double((cells + by - 1) / by * by) }
      let pixels = Double(plan.batch) * filled(cells[1], 4) * filled(cells[2], 32)
      return 2.4 * pixels * Double(plan.window.kernelCount * channels * filters)
    case .depthwise: return 4 * taps * filled(convolution.filters)
    case .winograd2, .winograd4, .winograd6:
      let tile = convolution.way.winogradTile ?? 4
      func count(_ cells: Int) -> Double { Double((cells + tile - 1) / tile) }
      let tiles = Double(plan.batch) * count(cells[1]) * count(cells[2])
      let side = tile + plan.window.kernel[1] - 1
      let points = Double(side * side)
      let (deep, wide) = (Double(convolution.lanes.blocks * Lanes.width), filled(filters))
      let transforms = points * (deep + wide) * (side == 8 ? 24 : 12)
      return tiles * (2 * points * deep * wide / 0.9 + transforms)
    }
  }

  /// Of the plain kernels, without what conversions may be needed.
  static func plainCost(_ plan: ConvolutionPlan) -> Double {
    let count = plan.window.kernelCount * plan.channels / plan.groups * plan.filters
    return plainSlowdown * plan.operations + weights(count, packsEachRun: false)
  }
}
