import Compute

/// The extents of the input.
enum OnnxShape: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let extents = node.shape(try node.input(0)).extents
    func place(_ name: String, _ standard: Int) throws(NodeError) -> Int {
      let value = try node.int(name, standard)
      return min(
        max(value < 0 ? value.addingReportingOverflow(extents.count).partialValue : value, 0), extents.count)
    }
    let (start, end) = (try place("start", 0), try place("end", extents.count))
    let part = start < end ? Array(extents[start..<end]) : []
    return [try node.constant(part.map { Double($0) }, [part.count], .int64)]
  }
}
