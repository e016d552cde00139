import Grids

/// The vertical axis among the layers of a field.
struct VerticalAxis {
  let position: Int
  let axis: Axis
  /// Layers of the axes before and after.
  let outer: Int
  let inner: Int

  /// - Throws: `PlanError` when there is none, or none that can be told from the others.
  init(of description: Description, named name: String, at mark: Mark) throws(PlanError) {
    let layers = description.layers
    let vertical = layers.indices.filter { layers[$0].kind == .vertical }
    guard let position = vertical.count == 1 ? vertical[0] : layers.count == 1 ? 0 : nil else {
      throw PlanError(
        layers.isEmpty ? "`\(name)` has no levels" : "`\(name)` has no vertical axis", at: mark, subject: name
      )
    }
    self.position = position
    axis = layers[position]
    outer = layers[..<position].reduce(1) { $0 * $1.count }
    inner = layers[(position + 1)...].reduce(1) { $0 * $1.count }
  }

  func layer(_ outer: Int, _ level: Int, _ inner: Int) -> Int {
    (outer * axis.count + level) * self.inner + inner
  }
}

extension QuantityRequest {
  /// The two levels of the key `levels`, as indices of the axis.
  func twoLevels(_ axis: Axis) throws(PlanError) -> (Int, Int) {
    guard let value = arguments.value("levels") else {
      throw PlanError("`\(quantity.name)` needs two `levels`", at: mark, remedy: "e.g. `levels: [1000, 500]`")
    }
    guard let (a, b) = try numberPair(arguments, "levels", example: "[1000, 500]") else { return (0, 0) }
    var factor: (Double) -> Double = { $0 }
    if let unitsValue = arguments.value("level-units"), let from = unitsValue.text {
      do {
        let conversion = try UnitConversion(from: from, to: axis.units ?? "1")
        factor = { conversion.factor * $0 + conversion.offset }
      } catch {
        throw PlanError(error.cause, at: unitsValue.mark, subject: axis.name, remedy: error.remedy)
      }
    }
    var found: [Int] = []
    for level in [factor(a), factor(b)] {
      guard
        let index = axis.values.firstIndex(where: { abs($0 - level) <= 1e-6 * max(abs($0), abs(level)) })
      else {
        let list = axis.values.prefix(40).map(\.plain).joined(separator: ", ")
        throw PlanError(
          "there is no level \(level.plain)", at: value.mark, subject: axis.name,
          remedy: "there are \(list) \(axis.units ?? "")")
      }
      found.append(index)
    }
    guard found[0] != found[1] else { throw PlanError("the two levels are the same", at: value.mark) }
    return (found[0], found[1])
  }

  static let levelKeys = [
    Key("levels", .list(.number), "two levels, in units of the level axis"),
    Key("level-units", .text, default: "the axis' own", "units of `levels`"),
  ]

  /// Adds a node with one variable on one level, the vertical axis gone.
  func level(
    _ located: Located, _ index: Int, in graph: inout ComputationGraph
  ) throws(PlanError) -> Located {
    let description = located.stream.description
    let vertical = try VerticalAxis(of: description, named: located.description.name, at: located.mark)
    var output = description
    output.variables = [located.description]
    output.layers.remove(at: vertical.position)
    let layers = (0..<vertical.outer).flatMap { o in
      (0..<vertical.inner).map { vertical.layer(o, index, $0) }
    }
    let whole = description.whole
    let node = graph.add(
      Picked(
        label: "level \(vertical.axis.values[index].plain)", output: output, variables: [located.variable],
        times: Array(whole.times), layers: layers, rows: Array(whole.rows), columns: Array(whole.columns)),
      inputs: [located.stream.node])
    let stream = StageInputs.Stream(
      name: located.stream.name, node: node, description: output, mark: located.mark)
    return Located(stream: stream, variable: 0, conversion: located.conversion, mark: located.mark)
  }

  /// The geopotential height in m, from itself or from the geopotential.
  func height() throws(PlanError) -> Located {
    if let height = try findIfThere(.geopotentialHeight) { return height }
    if let potential = try findIfThere(.geopotential) {
      return Located(
        stream: potential.stream, variable: potential.variable,
        conversion: potential.conversion.scaled(1 / MoistAir.gravity), mark: potential.mark)
    }
    throw missing(
      "the geopotential height", ["geopotential_height", "geopotential"], key: Role.geopotentialHeight.key)
  }
}
