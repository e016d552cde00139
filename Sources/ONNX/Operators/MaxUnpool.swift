import Compute
import Tensors

/// Numbers put back where a MaxPool took them.
enum OnnxMaxUnpool: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let (x, places) = (try node.input(0), try node.input(1))
    let shape = node.shape(x)
    let window = try WindowAttributes(node, input: shape)
    let rank = window.kernel.count
    var natural: [Int] = []
    for dimension in 0..<rank {
      let (steps, overflow) = (shape.extents[2 + dimension] - 1).multipliedReportingOverflow(
        by: window.strides[dimension])
      guard !overflow, steps < 1 << 40 else {
        throw NodeError(.damaged, "its strides \(window.strides) are too large")
      }
      natural.append(
        steps + window.kernel[dimension] - window.pads[dimension] - window.pads[rank + dimension])
    }
    guard natural.allSatisfy({ $0 >= 1 }) else {
      throw NodeError(.mismatch, "its output would have the extents \(natural)")
    }
    // Places count over the whole tensor there, over a plane here.
    let target: Shape
    do { target = try Shape(shape.extents.prefix(2) + natural) } catch {
      throw NodeError(.mismatch, error.description)
    }
    let own = try node.one(Sub(), places, try PoolAttributes.planes(node, target))
    let y = try node.one(MaxUnpool(size: natural), x, own)
    guard let wanted = node.optional(2) else { return [y] }
    // Another size has zeros at the end, or less.
    let extents = try node.integers(wanted, "output_shape")
    guard extents.count == rank + 2, Array(extents.prefix(2)) == Array(shape.extents.prefix(2)),
      extents.allSatisfy({ (1...1 << 40).contains($0) })
    else { throw NodeError(.mismatch, "its output_shape \(extents) does not fit \(shape)") }
    let pads = zip(extents, target.extents).map { Pad.Axis(0, $0 - $1) }
    return [try node.one(Pad(pads), y)]
  }
}
