import Compute
import Grids
import Networks
import Tensors

/// How a classifier of patches goes over a field: which windows there are, and the graphs that give their answers.
struct DetectGeometry: Sendable {
  /// Windows begin at these rows and columns, and stand for the cells in their middle.
  let rows: [Int]
  let columns: [Int]
  let patch: [Int]
  /// Cells between the windows that one application of the network answers.
  let network: (rows: Int, columns: Int)
  /// Rows and columns of the field that one application is given; columns beyond the last are the first ones again.
  let extent: (rows: Int, columns: Int)
  /// Answers of one application.
  let answers: (rows: Int, columns: Int)
  /// The shifts of the field, by rows and columns, one application for each.
  let shifts: (rows: [Int], columns: [Int])
  let graph: Graph
  let goals: Goals
  let parameterBytes: Int
  let operations: Double
  /// When it was asked for: which layers round their operands.
  let rounding: String?
  let classes: Int

  /// - Throws: `PlanError` at the model's key when it is no classifier of patches, or the field is too small.
  init(_ model: TrainedModel, _ grid: Grid, stride: (Int, Int), layouts: LayoutOptions, mark: Mark)
    throws(PlanError)
  {
    guard let spec = model.declaration, model.patch.count == 2 else {
      throw PlanError(
        "the model file does not say how its network was declared", at: mark,
        remedy:
          "`detect` takes classifiers that `train` has made; `predict` applies any network that makes maps")
    }
    patch = model.patch
    let topology = grid.topology
    let closes = topology.isPeriodic && topology.columns == grid.nx
    guard grid.ny >= patch[0], grid.nx >= patch[1] else {
      throw PlanError(
        "the classifier takes patches of \(patch[0]) x \(patch[1]) cells, the field has \(grid.ny) x \(grid.nx)",
        at: mark)
    }
    rows = Array(Swift.stride(from: 0, through: grid.ny - patch[0], by: stride.0))
    columns = Array(Swift.stride(from: 0, through: closes ? grid.nx - 1 : grid.nx - patch[1], by: stride.1))
    let small: Shape
    func shape(_ rows: Int, _ columns: Int) throws(PlanError) -> Shape {
      do { return try Shape([1, model.inputs.count, rows, columns]) } catch {
        throw PlanError("\(error)", at: mark)
      }
    }
    small = try shape(patch[0], patch[1])
    func build(_ rows: Int, _ columns: Int) throws(PlanError) -> Network {
      do { return try spec.convolutional(patch: small, field: try shape(rows, columns)) } catch let error
        as GraphError
      {
        throw PlanError(
          "the network cannot go over a field: \(error.path.isEmpty ? "" : "\(error.path): ")\(error.cause)",
          at: mark,
          remedy: error.path.isEmpty ? "`predict` applies networks that make maps" : nil)
      } catch let error as PlanError { throw error } catch { throw PlanError("\(error)", at: mark) }
    }
    // Where the second answer begins says how far apart they are.
    let probe = try build(2 * patch[0], 2 * patch[1])
    let reach = Reach(probe.graph, from: probe.input, to: probe.output)
    func step(_ dimension: Int) throws(PlanError) -> Int {
      guard let one = reach.inputRange(of: 0..<1, dimension: dimension),
        let two = reach.inputRange(of: 1..<2, dimension: dimension), two.lowerBound > one.lowerBound
      else { throw PlanError("the network's answers depend on the whole field", at: mark) }
      return two.lowerBound - one.lowerBound
    }
    network = (try step(2), try step(1))
    func shifts(_ places: [Int], _ step: Int) -> [Int] { Set(places.map { $0 % step }).sorted() }
    self.shifts = (shifts(rows, network.rows), shifts(columns, network.columns))
    // All shifts see as many cells, so that one graph does for them.
    extent = (
      (rows.last ?? 0) - (self.shifts.rows.first ?? 0) + patch[0],
      (columns.last ?? 0) - (self.shifts.columns.first ?? 0) + patch[1]
    )
    let whole = try build(extent.rows, extent.columns)
    let made = whole.outputShape.extents
    let wanted = model.resultChannels(made.count > 1 ? made[1] : 0)
    guard made.count == 4, made[1] == wanted else {
      throw PlanError("the network makes \(made), expected \(wanted) classes", at: mark)
    }
    answers = (made[2], made[3])
    var final = whole
    do {
      let result = try model.loss.expectation(whole.output, in: &final.graph)
      classes = final.graph.shape(result).extents[1]
      parameterBytes = try whole.layout().bytes
      let optimal = try optimised(final.graph, Goals(outputs: [("result", result)]), layouts: layouts)
      (graph, goals) = (optimal.graph, optimal.goals)
      rounding = layouts.precision == .bf16 ? ProductPrecision(graph, goals).title : nil
    } catch {
      throw PlanError("the network cannot be simplified: \(error)", at: mark)
    }
    let all = graph
    let each = graph.nodes(for: goals.values).reduce(0.0) { sum, index in
      let node = all.nodes[index]
      return sum + node.op.cost(node.call.inputs.map(all.shape), node.call.outputs.map(all.shape)).operations
    }
    operations = each * Double(self.shifts.rows.count * self.shifts.columns.count)
  }

  /// The window that stands for a cell: the one whose middle is nearest; nil where none is within a stride.
  static func nearest(_ cell: Int, _ starts: [Int], half: Int, stride: Int, around count: Int?) -> Int? {
    var best: (index: Int, distance: Int)?
    // Starts are evenly spaced.
    let guess = (cell - half) / max(1, stride)
    let beyond = (cell - half + (count ?? 0)) / max(1, stride)
    let candidates = [guess - 1, guess, guess + 1, beyond - 1, beyond, beyond + 1, 0, starts.count - 1]
    for index in candidates where starts.indices.contains(index) {
      var distance = abs(starts[index] + half - cell)
      if let count { distance = min(distance % count, count - distance % count) }
      if distance < best?.distance ?? .max { best = (index, distance) }
    }
    guard let best, best.distance <= stride / 2 else { return nil }
    return best.index
  }
}
