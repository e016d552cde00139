import Tensors

/// Which channels of `[N x C x H x W]` become the pixels of a block.
public enum BlockOrder: String, Sendable, Hashable, Codable, CaseIterable {
  /// Depth, column, row: channel = (row * block + column) * C' + c. ONNX's default.
  case dcr = "DCR"
  /// Column, row, depth: channel = c * block * block + row * block + column. PyTorch's pixel shuffle.
  case crd = "CRD"
}

/// Blocks of block x block pixels from as many channels (sub-pixel convolution, Shi and others 2016).
public struct DepthToSpace: ViewOperator {
  public static let name = "DepthToSpace"
  public let block: Int
  public let order: BlockOrder
  public init(block: Int, order: BlockOrder = .dcr) { (self.block, self.order) = (block, order) }
  public var detail: String { "block \(block), \(order.rawValue)" }

  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try expectInputs(inputs, 1)
    let shape = inputs[0]
    let square = try blockArea(block)
    guard shape.rank == 4 else { throw OperatorError("[N x C x H x W] expected, found \(shape)") }
    guard shape[1] % square == 0 else {
      throw OperatorError(
        "the \(shape[1]) channels of \(shape) are not a multiple of block * block = \(square)")
    }
    let (rows, overflow) = shape[2].multipliedReportingOverflow(by: block)
    let (columns, overflowToo) = shape[3].multipliedReportingOverflow(by: block)
    guard !overflow, !overflowToo else { throw OperatorError("the block \(block) is too large for \(shape)") }
    return [try .made([shape[0], shape[1] / square, rows, columns])]
  }

  public func view(_ shape: Shape) -> (extents: [Int], strides: [Int]) {
    let strides = shape.strides
    let depth = shape[1] / (block * block)
    // The step of the row in a block, of the column, and of the channel.
    let (row, column, channel) =
      order == .dcr
      ? (block * depth * strides[1], depth * strides[1], strides[1])
      : (block * strides[1], strides[1], block * block * strides[1])
    return (
      [shape[0], depth, shape[2], block, shape[3], block],
      [strides[0], channel, strides[2], row, strides[3], column]
    )
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil] }
    return [try graph.one(SpaceToDepth(block: block, order: order), seed)]
  }

  public func inputRange(
    of output: Range<Int>, dimension: Int, input: Int, _ inputs: [Shape], _ outputs: [Shape]
  ) -> Range<Int>? {
    if dimension < 2 { return dimension == 0 ? output : nil }
    return Self.cells(output, block)
  }

  /// The blocks that hold these pixels.
  static func cells(_ pixels: Range<Int>, _ block: Int) -> Range<Int> {
    guard block > 0, !pixels.isEmpty else { return 0..<0 }
    func cell(_ pixel: Int) -> Int { (Double(pixel) / Double(block)).wholeBelow }
    return cell(pixels.lowerBound)..<cell(pixels.upperBound - 1) + 1
  }
}

extension Operator {
  func blockArea(_ block: Int) throws(OperatorError) -> Int {
    let (square, overflow) = block.multipliedReportingOverflow(by: block)
    guard block > 0, !overflow else { throw OperatorError("a block of \(block) pixels is not possible") }
    return square
  }
}
