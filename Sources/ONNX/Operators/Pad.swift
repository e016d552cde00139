import Compute

/// Numbers put around a tensor, or taken away.
enum OnnxPad: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    enum Mode: String, CaseIterable { case constant, reflect, edge, wrap }
    let x = try node.input(0)
    let shape = node.shape(x)
    let isOld = node.opset < 11
    let mode = try node.word("mode", Mode.constant)
    guard let pads = isOld ? try node.ints("pads") : try node.integers(try node.input(1), "pads") else {
      throw NodeError(.damaged, "it has no pads")
    }
    let value =
      isOld
      ? try node.float("value", 0)
      : try node.optional(2).map { (value) throws(NodeError) in try node.number(value, "constant_value") }
        ?? 0
    let axes = try node.optional(3).map { (value) throws(NodeError) in try node.integers(value, "axes") }
    let places = axes ?? Array(0..<shape.rank)
    guard pads.count == 2 * places.count else {
      throw NodeError(.damaged, "it has \(pads.count) pads for \(places.count) axes")
    }
    let own: Pad.Mode =
      switch mode {
      case .constant: .constant
      case .reflect: .reflect
      case .edge: .replicate
      case .wrap: .periodic
      }
    var all = shape.extents.map { _ in Pad.Axis.none }
    for (position, axis) in places.enumerated() {
      guard axis >= -shape.rank, axis < shape.rank else {
        throw NodeError(.mismatch, "there is no axis \(axis) in \(shape)")
      }
      let (before, after) = (pads[position], pads[position + places.count])
      // An axis that is not padded has no mode: other passes ask whether it is `.none`.
      if before == 0, after == 0 { continue }
      all[axis < 0 ? axis + shape.rank : axis] = .init(before, after, own)
    }
    return [try node.one(Pad(all, value: value), x)]
  }

  static var writes: [any Operator.Type] { [Pad.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Pad else { return }
    // One node for each mode: which cell a border takes is decided along each axis by itself.
    let modes: [(mode: Pad.Mode, name: String)] = [
      (.constant, "constant"), (.replicate, "edge"), (.reflect, "reflect"), (.periodic, "wrap"),
    ].filter { entry in op.axes.contains { $0.mode == entry.0 && ($0.before != 0 || $0.after != 0) } }
    guard !modes.isEmpty else { return call.node("Identity", call.inputs, call.outputs) }
    var value = call.inputs[0]
    for (index, (mode, title)) in modes.enumerated() {
      let pads =
        op.axes.map { $0.mode == mode ? $0.before : 0 } + op.axes.map { $0.mode == mode ? $0.after : 0 }
      var inputs = [value, call.integers(pads)]
      if mode == .constant { inputs.append(call.floats([op.value], [])) }
      let result = index == modes.count - 1 ? call.outputs[0] : call.temporary()
      call.node(name, inputs, [result], [("mode", .string(title))])
      value = result
    }
  }
}
