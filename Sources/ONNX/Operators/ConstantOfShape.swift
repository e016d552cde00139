import Compute

/// One number repeated to a shape.
enum OnnxConstantOfShape: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let shape = try node.integers(try node.input(0), "shape")
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw NodeError(.damaged, "its shape \(shape) has a negative extent")
    }
    guard let tensor = try node.tensor("value") else { return [try node.filled(0, shape, .float32)] }
    let value = try node.constant(tensor)
    return [try node.filled(try node.number(value, "value"), shape, value.type)]
  }
}
