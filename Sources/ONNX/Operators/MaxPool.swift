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
    var places = OnnxValue(outputs[1].value, .int64)
    if isColumnMajor {
      let extents = node.shape(x).extents
      guard extents.count == 4 else {
        throw NodeError(
          .unsupported, "indices in column-major order (storage_order = 1) are made for two dimensions only")
      }
      let (height, width) = (Double(extents[2]), try node.scalar(Double(extents[3]), .int64))
      let row = try node.one(Floor(), try node.one(Div(), places, width))
      let column = try node.one(Sub(), places, try node.one(Mul(), row, width))
      places = try node.one(Add(), row, try node.one(Mul(), column, try node.scalar(height, .int64)))
    }
    let offsets = try PoolAttributes.planes(node, node.shape(x))
    return [outputs[0], try node.one(Add(), places, offsets)]
  }

  static var writes: [any Operator.Type] { [MaxPool.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? MaxPool else { return }
    guard !op.indices else { throw NodeError(.unsupported, "indices of maxima are whole numbers in ONNX") }
    call.node(name, call.inputs, call.outputs, PoolAttributes.written(op.window))
  }
}
