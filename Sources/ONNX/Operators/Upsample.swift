import Compute

/// Enlarges the input; what Resize replaced.
enum OnnxUpsample: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    let mode = try node.string("mode") ?? "nearest"
    let given = node.opset >= 9 ? try node.numbers(try node.input(1), "scales") : try node.floats("scales")
    guard let scales = given else { throw NodeError(.damaged, "it has no scales") }
    switch mode {
    case "nearest":
      return [
        try node.one(Resize(.scales(scales), mode: .nearest, coordinates: .asymmetric, rounding: .floor), x)
      ]
    case "linear", "bilinear":
      return [try node.one(Resize(.scales(scales), mode: .linear, coordinates: .asymmetric), x)]
    default: throw NodeError(.unsupported, "its mode is `\(mode)`, expected nearest or linear")
    }
  }
}
