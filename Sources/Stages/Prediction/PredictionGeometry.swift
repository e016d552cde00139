import Basics
import Compute
import Grids
import Networks
import Tensors

/// How a network meets a field, found before the run: windows, the graph for one window, memory.
struct PredictionGeometry: Sendable {
  let rows: PredictionLine
  let columns: PredictionLine
  /// Cells of the result for each cell of the field, along rows and columns.
  let rowFactor: Int
  let columnFactor: Int
  /// After all passes.
  let graph: Graph
  let goals: Goals
  let inputChannels: Int
  let outputChannels: Int
  /// Bytes of the model's numbers.
  let parameterBytes: Int
  let operations: Double

  var refines: Bool { rowFactor != 1 || columnFactor != 1 }
  var windowBytes: Int {
    (inputChannels + outputChannels * rowFactor * columnFactor) * rows.window * columns.window
      * MemoryLayout<Float>.stride
  }

  /// - Throws: `PlanError` when the network cannot be applied to fields of this size, saying which layer and which
  ///   shapes do not fit.
  init(
    _ model: TrainedModel, _ grid: Grid, tile: Int, hasTile: Bool, mark: Mark, tileMark: Mark
  ) throws(PlanError) {
    let closes = model.domain.columns == .periodic
    if closes, !grid.topology.isPeriodic || grid.topology.columns != grid.nx {
      throw PlanError(
        "the model joins the eastern to the western edge, and the grid is not global", at: mark,
        remedy: "use a model that was trained for a region")
    }
    // What the network's reach is does not depend on the size; its own patches fit it.
    let patch = model.patch.count == 2 ? model.patch : [grid.ny, grid.nx]
    let small = try Self.build(model, patch[0], patch[1], mark)
    let reach = Reach(small.graph, from: small.input, to: small.result)
    let (across, down) = (reach.tiling(dimension: 1), reach.tiling(dimension: 2))
    if hasTile, across == nil || down == nil {
      throw PlanError(
        "the network's output depends on the whole field: there are no tiles", at: tileMark,
        remedy: "leave out `tile`")
    }
    for (tiling, count, what) in [(down, grid.ny, "rows"), (across, grid.nx, "columns")] {
      guard let tiling, count % tiling.stride != 0 else { continue }
      throw PlanError(
        "the field has \(count) \(what), and the network needs a multiple of \(tiling.stride)", at: mark,
        remedy: "`select` \(count - count % tiling.stride) of them, or train a network with fewer levels")
    }
    rows = PredictionLine(count: grid.ny, tiling: down, tile: tile, closes: false)
    columns = PredictionLine(count: grid.nx, tiling: across, tile: tile, closes: closes)
    let whole = try Self.build(model, rows.window, columns.window, mark)
    let extents = whole.graph.shape(whole.result).extents
    guard extents.count == 4, extents[1] == model.outputs.count, extents[2] % rows.window == 0,
      extents[3] % columns.window == 0, extents[2] > 0, extents[3] > 0
    else {
      throw PlanError(
        "the network makes \(extents) of \(model.inputs.count) channels of \(rows.window) x \(columns.window) cells, "
          + "expected \(model.outputs.count) channels on as many cells, or on each cell cut into equal parts",
        at: mark, remedy: "use a network that keeps the size (padding: same)")
    }
    (rowFactor, columnFactor) = (extents[2] / rows.window, extents[3] / columns.window)
    let final: (graph: Graph, goals: Goals)
    do { final = try optimised(whole.graph, Goals(outputs: [("result", whole.result)])) } catch {
      throw PlanError("the network cannot be simplified: \(error.description)", at: mark)
    }
    (graph, goals) = (final.graph, final.goals)
    (inputChannels, outputChannels) = (model.inputs.count, model.outputs.count)
    parameterBytes = whole.bytes
    operations = graph.nodes(for: goals.values).reduce(0.0) { sum, index in
      let node = final.graph.nodes[index]
      let (inputs, outputs) = (
        node.call.inputs.map(final.graph.shape), node.call.outputs.map(final.graph.shape)
      )
      return sum + node.op.cost(inputs, outputs).operations
    }
  }

  private static func build(
    _ model: TrainedModel, _ rows: Int, _ columns: Int, _ mark: Mark
  ) throws(PlanError) -> (graph: Graph, input: Value, result: Value, bytes: Int) {
    do {
      var network = try model.network(rows: rows, columns: columns)
      let result = try model.loss.expectation(network.output, in: &network.graph)
      return (network.graph, network.input, result, try network.layout().bytes)
    } catch {
      throw PlanError(
        "the network does not fit \(model.inputs.count) channels of \(rows) x \(columns) cells: \(error)",
        at: mark)
    }
  }
}
