import Compute

/// The greatest number of each window.
enum OnnxMaxPool: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let (window, _) = try PoolAttributes.window(node, node.shape(x))
    let isColumnMajor = try node.flag("storage_order", false)
    let wantsPlaces = node.outputCount > 1
    let outputs = try node.apply(MaxPool(window, indices: wantsPlaces), [x])
    guard wantsPlaces, outputs.count > 1 else { return outputs }
    guard !isColumnMajor else {
      throw NodeError(.unsupported, "indices in column-major order (storage_order = 1) are not made")
    }
    let offsets = try PoolAttributes.planes(node, node.shape(x))
    return [outputs[0], try node.one(Add(), OnnxValue(outputs[1].value, .int64), offsets)]
  }
}
