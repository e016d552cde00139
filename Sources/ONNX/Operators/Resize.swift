import Compute

/// Interpolation to another size.
enum OnnxResize: OnnxOperator {
  static func read(_ node: NodeReader) throws(NodeError) -> [OnnxValue] {
    let x = try node.input(0)
    guard node.opset >= 11 else {
      // Opset 10: as Upsample.
      let mode = try node.word("mode", Resize.Mode.nearest)
      let scales = try node.numbers(try node.input(1), "scales")
      return [
        try node.one(Resize(.scales(scales), mode: mode, coordinates: .asymmetric, rounding: .floor), x)
      ]
    }
    let shape = node.shape(x)
    let mode = try node.word("mode", Resize.Mode.nearest)
    let coordinates = try node.word("coordinate_transformation_mode", Resize.Coordinates.halfPixel)
    let rounding = try node.word("nearest_mode", Resize.Rounding.roundPreferFloor)
    let axes = try node.ints("axes")
    let count = axes?.count ?? shape.rank
    let scales =
      try node.optional(2).map { (value) throws(NodeError) in try node.numbers(value, "scales") } ?? []
    let sizes =
      try node.optional(3).map { (value) throws(NodeError) in try node.integers(value, "sizes") } ?? []
    guard scales.isEmpty != sizes.isEmpty else {
      throw NodeError(.damaged, "it needs either scales or sizes")
    }
    let target: Resize.Target =
      sizes.isEmpty
      ? .scales(scales) : try keptAspect(node, sizes, axes ?? Array(0..<shape.rank), shape.extents)
    var region: [ClosedRange<Double>] = []
    if coordinates == .tfCropAndResize {
      let ends = try node.numbers(try node.input(1), "roi")
      guard ends.count == 2 * count else {
        throw NodeError(.damaged, "its roi needs \(2 * count) numbers, found \(ends.count)")
      }
      for axis in 0..<count {
        guard ends[axis] <= ends[count + axis] else {
          throw NodeError(.unsupported, "its roi \(ends) goes backwards")
        }
        region.append(ends[axis]...ends[count + axis])
      }
    }
    let op = Resize(
      target, axes: axes, mode: mode, coordinates: coordinates, rounding: rounding,
      cubicCoefficient: try node.float("cubic_coeff_a", -0.75),
      excludesOutside: try node.flag("exclude_outside", false), antialias: try node.flag("antialias", false),
      region: region, extrapolation: try node.float("extrapolation_value", 0))
    return [try node.one(op, x)]
  }

  /// The sizes, or the largest within them, or the smallest around them, with one scale for all axes.
  private static func keptAspect(_ node: NodeReader, _ sizes: [Int], _ axes: [Int], _ extents: [Int])
    throws(NodeError) -> Resize.Target
  {
    let policy = try node.string("keep_aspect_ratio_policy") ?? "stretch"
    guard policy != "stretch" else { return .sizes(sizes) }
    guard sizes.count == axes.count, axes.allSatisfy({ $0 >= -extents.count && $0 < extents.count }) else {
      throw NodeError(.damaged, "it has \(sizes.count) sizes for the axes \(axes)")
    }
    let sources = axes.map { Double(extents[$0 < 0 ? $0 + extents.count : $0]) }
    let scales = zip(sizes, sources).map { Double($0) / max(1, $1) }
    let chosen: Double?
    switch policy {
    case "not_larger": chosen = scales.min()
    case "not_smaller": chosen = scales.max()
    default: throw NodeError(.unsupported, "its keep_aspect_ratio_policy is `\(policy)`")
    }
    guard let scale = chosen, scale.isFinite, scale < 1e9 else {
      throw NodeError(.damaged, "its sizes are \(sizes)")
    }
    return .sizes(sources.map { Int(exactly: ($0 * scale).rounded()) ?? 0 })
  }

  static var writes: [any Operator.Type] { [Resize.self] }

  static func write(_ op: any Operator, _ call: CallWriter) throws(NodeError) {
    guard let op = op as? Resize else { return }
    var attributes: [(String, AttributeValue)] = [
      ("mode", .string(op.mode.rawValue)),
      ("coordinate_transformation_mode", .string(op.coordinates.rawValue)),
    ]
    switch op.mode {
    case .nearest: attributes.append(("nearest_mode", .string(op.rounding.rawValue)))
    case .linear: break
    case .cubic: attributes.append(("cubic_coeff_a", .float(op.cubicCoefficient)))
    }
    if op.excludesOutside { attributes.append(("exclude_outside", .int(1))) }
    if op.antialias { attributes.append(("antialias", .int(1))) }
    var region = ""
    if op.coordinates == .tfCropAndResize {
      region = call.floats(op.region.map(\.lowerBound) + op.region.map(\.upperBound))
      attributes.append(("extrapolation_value", .float(op.extrapolation)))
      if let axes = op.axes { attributes.append(("axes", .ints(axes))) }
    }
    switch op.target {
    case .scales(var scales):
      if let axes = op.axes, op.coordinates != .tfCropAndResize {
        // Spelled out for all axes: older programs know no others.
        let rank = call.inputShapes[0].rank
        var all = [Double](repeating: 1, count: rank)
        for (axis, scale) in zip(axes, scales) where (-rank..<rank).contains(axis) {
          all[axis < 0 ? axis + rank : axis] = scale
        }
        scales = all
      }
      call.node(name, [call.inputs[0], region, call.floats(scales)], call.outputs, attributes)
    case .sizes(let sizes):
      if let axes = op.axes, op.coordinates != .tfCropAndResize { attributes.append(("axes", .ints(axes))) }
      call.node(name, [call.inputs[0], region, "", call.integers(sizes)], call.outputs, attributes)
    }
  }
}
