import Compute

/// The mean of the inputs, with broadcasting.
enum OnnxMean: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let inputs = try node.all()
    return [try node.one(Div(), try node.joined(Add(), inputs), try node.scalar(Double(inputs.count)))]
  }
}
