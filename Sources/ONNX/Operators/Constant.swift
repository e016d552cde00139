import Compute

/// Numbers in an attribute.
enum OnnxConstant: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    if let tensor = try node.tensor("value") { return [try node.constant(tensor)] }
    if let value = try node.float("value_float") { return [try node.scalar(value)] }
    if let values = try node.floats("value_floats") {
      return [try node.constant(values, [values.count], .float32)]
    }
    if let value = try node.int("value_int") { return [try node.scalar(Double(value), .int64)] }
    if let values = try node.ints("value_ints") {
      return [try node.constant(values.map { Double($0) }, [values.count], .int64)]
    }
    throw NodeError(.unsupported, "it has no value that is a tensor or numbers")
  }
}
