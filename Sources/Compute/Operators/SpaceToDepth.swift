import Tensors

/// The pixels of blocks of block x block become channels: undoes `DepthToSpace` of the same order. ONNX knows
/// `dcr` alone; `crd` is PyTorch's pixel unshuffle.
public struct SpaceToDepth: ViewOperator {
  public static let name = "SpaceToDepth"
  public let block: Int
  public let order: BlockOrder
  public init(block: Int, order: BlockOrder = .dcr) { (self.block, self.order) = (block, order) }
  public var detail: String { "block \(block), \(order.rawValue)" }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    let shape = inputs[0]
    let square = try blockArea(block)
    guard shape.rank == 4 else { throw OperatorError("[N x C x H x W] expected, found \(shape)") }
    for dimension in 2...3 where shape[dimension] % block != 0 {
      throw OperatorError("dimension \(dimension) of \(shape) is not a multiple of the block \(block)")
    }
    let (channels, overflow) = shape[1].multipliedReportingOverflow(by: square)
    guard !overflow else { throw OperatorError("the block \(block) is too large for \(shape)") }
    return [try .made([shape[0], channels, shape[2] / block, shape[3] / block])]
  }

  public func view(_ shape: Shape) -> (extents: [Int], strides: [Int]) {
    let strides = shape.strides
    let (rows, columns) = (shape[2] / block, shape[3] / block)
    let space = ([rows, columns], [strides[2] * block, strides[3] * block])
    let inBlock = ([block, block], [strides[2], strides[3]])
    let channels =
      order == .dcr
      ? (inBlock.0 + [shape[1]], inBlock.1 + [strides[1]])
      : ([shape[1]] + inBlock.0, [strides[1]] + inBlock.1)
    return ([shape[0]] + channels.0 + space.0, [strides[0]] + channels.1 + space.1)
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(DepthToSpace(block: block, order: order), seed)]
  }

  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    if dimension < 2 { return dimension == 0 ? output : nil }
    return output.lowerBound * block..<output.upperBound * block
  }
}
