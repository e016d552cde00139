import Basics
import Compute
import Grids
import Networks
import Tensors

/// How a network meets a field, found before the run: windows, the graph for one window, memory.
struct PredictionGeometry: Sendable {
  let rows: PredictionLine
  let columns: PredictionLine
  /// How the network's output lies over a window.
  let rowFootprint: Footprint
  let columnFootprint: Footprint
  /// Cells of the result for each cell of the field, along rows and columns.
  var rowFactor: Int { rowFootprint.factor }
  var columnFactor: Int { columnFootprint.factor }
  /// Rows and columns count alike.
  let isSymmetric: Bool
  /// After all passes.
  let graph: Graph
  let goals: Goals
  /// What the graph's input is called.
  let inputName: String
  /// Bytes of the model's numbers.
  let parameterBytes: Int
  let operations: Double
  /// When it was asked for: which layers round their operands.
  let rounding: String?

  var refines: Bool { rowFactor != 1 || columnFactor != 1 }
  /// The network makes less than it is given.
  var crops: Bool { rows.crop > 0 || columns.crop > 0 }
  /// A window in the network's numbers, and which of its cells are missing.
  let windowBytes: Int
  /// How many classes it tells apart, each in a channel of its own; nil for quantities.
  let classes: Int?

  /// - Throws: `PlanError` when the network cannot be applied to fields of this size, saying which layer and which
  ///   shapes do not fit.
  init(
    _ model: TrainedModel, _ grid: Grid, tile: Int, hasTile: Bool, layouts: LayoutOptions,
    members: PredictionMembers?, mark: Mark, tileMark: Mark
  ) throws(PlanError) {
    let closes = model.domain.columns == .periodic
    if closes, !grid.topology.isPeriodic || grid.topology.columns != grid.nx {
      throw PlanError(
        "the model joins the eastern to the western edge, and the grid is not global", at: mark,
        remedy: "use a model that was trained for a region")
    }
    // What the network's reach is does not depend on the size; its own patches fit it.
    let patch = model.patch.count == 2 ? model.patch : [grid.ny, grid.nx]
    let small = try Self.build(model, patch[0], patch[1], members, mark)
    let reach = Reach(small.graph, from: small.input, to: small.result)
    let (across, down) = (reach.tiling(dimension: 1), reach.tiling(dimension: 2))
    if hasTile, across == nil || down == nil {
      throw PlanError(
        "the network's output depends on the whole field: there are no tiles", at: tileMark,
        remedy: "leave out `tile`")
    }
    let made = small.graph.shape(small.result).extents
    let isDrawn = members?.draws == true
    let channels =
      isDrawn
      ? model.outputs.count * model.loss.channelsPerVariable
      : model.resultChannels(made.count > 1 ? made[1] : 0)
    classes = isDrawn || channels == model.outputs.count ? nil : channels
    guard made.count == 4, made[1] == channels,
      let rowFootprint = Footprint(input: patch[0], output: made[2], scale: reach.scale(dimension: 2)),
      let columnFootprint = Footprint(input: patch[1], output: made[3], scale: reach.scale(dimension: 1))
    else {
      throw PlanError(
        "the network makes \(made) of \(model.inputs.count) channels of \(patch[0]) x \(patch[1]) cells, "
          + "expected \(model.outputs.count) channels on the cells in the middle, or on each of them cut into "
          + "equal parts", at: mark,
        remedy: "use a network that keeps the size, refines it, or loses as many cells on both sides")
    }
    (self.rowFootprint, self.columnFootprint) = (rowFootprint, columnFootprint)
    isSymmetric =
      rowFootprint == columnFootprint && across == down && model.domain.rows == model.domain.columns
    for (tiling, footprint, count, what) in [
      (down, rowFootprint, grid.ny, "rows"), (across, columnFootprint, grid.nx, "columns"),
    ] {
      guard footprint.crop == 0, let tiling, count % tiling.stride != 0 else { continue }
      throw PlanError(
        "the field has \(count) \(what), and the network needs a multiple of \(tiling.stride)", at: mark,
        remedy: "`select` \(count - count % tiling.stride) of them, or train a network with fewer levels")
    }
    let (rows, columns) = try Self.lines(
      model, grid, [(down, rowFootprint), (across, columnFootprint)], patch, tile: tile, hasTile: hasTile,
      mark: mark, tileMark: tileMark)
    (self.rows, self.columns) = (rows, columns)
    let whole = try Self.build(model, rows.window, columns.window, members, mark)
    let extents = whole.graph.shape(whole.result).extents
    guard extents.count == 4, extents[1] == channels,
      extents[2] == rowFootprint.output(of: rows.window),
      extents[3] == columnFootprint.output(of: columns.window)
    else {
      throw PlanError(
        "the network makes \(made) of \(patch[0]) x \(patch[1]) cells and \(extents) of \(rows.window) x "
          + "\(columns.window)", at: mark, remedy: "use a network whose output grows with its input")
    }
    let final: (graph: Graph, goals: Goals)
    do {
      final = try optimised(whole.graph, Goals(outputs: [("result", whole.result)]), layouts: layouts)
    } catch {
      throw PlanError("the network cannot be simplified: \(error.description)", at: mark)
    }
    (graph, goals) = (final.graph, final.goals)
    rounding = layouts.precision == .bf16 ? ProductPrecision(final.graph, final.goals).title : nil
    if case .input(let name) = whole.graph.origin(whole.input) {
      inputName = name
    } else {
      inputName = "input"
    }
    let cell = model.inputs.count * MemoryLayout<Float>.stride + MemoryLayout<Bool>.stride
    windowBytes = whole.graph.shape(whole.input).count / model.inputs.count * cell
    parameterBytes = whole.bytes
    operations = graph.nodes(for: goals.values).reduce(0.0) { sum, index in
      let node = final.graph.nodes[index]
      let (inputs, outputs) = (
        node.call.inputs.map(final.graph.shape), node.call.outputs.map(final.graph.shape)
      )
      return sum + node.op.cost(inputs, outputs).operations
    }
  }

  /// What is computed for windows whose rows and columns are exchanged.
  func exchanged(_ model: TrainedModel, layouts: LayoutOptions, mark: Mark) throws(PlanError) -> (
    graph: Graph, goals: Goals
  ) {
    let made = try Self.build(model, columns.window, rows.window, nil, mark)
    do {
      return try optimised(made.graph, Goals(outputs: [("result", made.result)]), layouts: layouts)
    } catch {
      throw PlanError("the network cannot be simplified: \(error.description)", at: mark)
    }
  }

  /// - Parameter parts: how tiles must lie and how the output lies over a window, along rows and columns.
  private static func lines(
    _ model: TrainedModel, _ grid: Grid, _ parts: [(tiling: Tiling?, footprint: Footprint)], _ patch: [Int],
    tile: Int, hasTile: Bool, mark: Mark, tileMark: Mark
  ) throws(PlanError) -> (PredictionLine, PredictionLine) {
    let given = model.definition.boundExtents.dropFirst(2).map(\.self)
    let bound = given.count == 2 ? given : [nil, nil]
    let size = bound.map { $0.map(String.init) ?? "any number of" }.joined(separator: " x ")
    if hasTile, bound.contains(where: { $0 != nil }) {
      throw PlanError(
        "the model file is bound to \(size) cells: its tiles have that size", at: tileMark,
        remedy: "leave out `tile`")
    }
    var lines: [PredictionLine] = []
    for (axis, count) in [grid.ny, grid.nx].enumerated() {
      let closes = axis == 1 && model.domain.columns == .periodic
      let (tiling, footprint) = parts[axis]
      if let bound = bound[axis] {
        guard
          let line = PredictionLine(
            count: count, tiling: tiling, footprint: footprint, bound: bound, closes: closes)
        else {
          throw PlanError(
            "the model file is bound to \(size) cells, and the field of \(grid.ny) x \(grid.nx) is not made of such parts",
            at: mark, remedy: "export the model with open height and width (`dynamic_axes`, `dynamic_shapes`)"
          )
        }
        lines.append(line)
      } else {
        guard
          let line = PredictionLine(
            count: count, tiling: tiling, footprint: footprint, fitting: patch[axis], tile: tile,
            closes: closes)
        else { throw PlanError("the network's windows are too large to be counted", at: mark) }
        lines.append(line)
      }
    }
    return (lines[0], lines[1])
  }

  private static func build(
    _ model: TrainedModel, _ rows: Int, _ columns: Int, _ members: PredictionMembers?, _ mark: Mark
  ) throws(PlanError) -> (graph: Graph, input: Value, result: Value, bytes: Int) {
    do {
      var network =
        members?.dropsOut == true
        ? try PredictionMembers.network(of: model, rows: rows, columns: columns)
        : try model.network(rows: rows, columns: columns)
      let drawn =
        members?.draws == true ? try model.loss.distribution(network.output, in: &network.graph) : nil
      let result: Value
      if let drawn {
        result = drawn
      } else {
        result = try model.loss.expectation(network.output, in: &network.graph)
      }
      return (network.graph, network.input, result, try network.layout().bytes)
    } catch {
      throw PlanError(
        "the network does not fit \(model.inputs.count) channels of \(rows) x \(columns) cells: \(error)",
        at: mark)
    }
  }
}
