import Compute

/// 1 at the first of the greatest numbers along an axis, else 0.
enum OnnxHardmax: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    return [
      try node.alongRows(x) { (value, axis) throws(NodeError) in
        let extents = node.shape(value).extents
        let place = axis < 0 ? axis + extents.count : axis
        guard extents.indices.contains(place) else {
          throw NodeError(.mismatch, "there is no axis \(axis) in \(extents)")
        }
        var line = extents.map { _ in 1 }
        line[place] = extents[place]
        let places = try node.constant((0..<extents[place]).map { Double($0) }, line, .float32)
        return try node.one(Equal(), try node.one(ArgMax(axis: axis), value), places, type: value.type)
      }
    ]
  }
}
