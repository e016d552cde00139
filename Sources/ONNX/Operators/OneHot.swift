import Compute

/// One of two numbers along a new axis: the second where an index says.
enum OnnxOneHot: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let indices = try node.input(0)
    let depth = try node.number(try node.input(1), "depth")
    let values = try node.input(2)
    guard let count = Int(exactly: depth.rounded(.towardZero)), (1...1 << 20).contains(count) else {
      throw NodeError(.mismatch, "its depth is \(depth)")
    }
    let rank = node.shape(indices).rank
    let axis = try node.int("axis", -1)
    guard axis >= -rank - 1, axis <= rank else {
      throw NodeError(.mismatch, "there is no axis \(axis) for \(rank + 1) dimensions")
    }
    let place = axis < 0 ? axis + rank + 1 : axis
    var line = Array(repeating: 1, count: rank + 1)
    line[place] = count
    let places = try node.constant((0..<count).map { Double($0) }, line, indices.type)
    let isBelow = try node.one(Less(), indices, try node.scalar(0))
    let own = try node.one(Add(), indices, try node.one(Mul(), isBelow, try node.scalar(Double(count))))
    let isHot = try node.one(Equal(), try node.one(Unsqueeze(axes: [place]), own), places)
    let (off, on) = (try node.one(Slice(axis: 0, 0, 1), values), try node.one(Slice(axis: 0, 1, 2), values))
    return [try node.one(Where(), isHot, on, off, type: values.type)]
  }
}
