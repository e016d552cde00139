import Basics
import Compute
import Tensors

/// The error of boxes that are said block by block, after Redmon et al. (2016) and Racah et al. (2017).
///
/// The field is cut into blocks of `stride` x `stride` cells; a block stands for the largest box whose centre lies in
/// it. Channels of the target, as the stage `mark-boxes` makes them: for each class 1 in the cell of a box's
/// centre, else 0; then, where there is a centre, the rows and columns from the cell to the centre and the rows and
/// columns that the box covers. The prediction has as many channels, the same in all cells of a block (or what
/// counts is their mean): logits of the classes; logits of where in the block the centre lies, from its first
/// edge; logarithms of the rows and columns of the box in units of `stride`.
///
/// With t the class, p the probability, o = 1 where the block has a centre, b the four numbers of the box (both ways in
/// blocks, the size by its logarithm), the loss is the mean over the blocks of
/// sum(-t log p - `absence` (1 - t) log(1 - p)) + `coordinates` o sum(smooth L1(b)).
public struct BoxGrid: Loss {
  public static let declaration = Declaration(
    name: "box-grid", summary: "boxes said block by block: class, place and size (Redmon 2016, Racah 2017)",
    discussion: """
      For targets of the stage `mark-boxes`; the channels are the classes, then row, column, rows and columns. The network \
      gives the same numbers for all cells of a block of `stride` x `stride` cells: let it end in \
      `resize: {scale: STRIDE, method: nearest}`. The stage `boxes` makes boxes of what `predict` says. The size of patches \
      must be a multiple of `stride`.
      """,
    keys: [
      Key("stride", .integer, default: "8", "cells of a block along each side"),
      Key("coordinates", .number, default: "5", "how much place and size count"),
      Key("absence", .number, default: "0.5", "how much blocks without a box count"),
    ])
  public let stride: Int
  public let coordinates: Double
  public let absence: Double

  public init(stride: Int = 8, coordinates: Double = 5, absence: Double = 0.5) {
    (self.stride, self.coordinates, self.absence) = (stride, coordinates, absence)
  }
  public init(_ arguments: Arguments) throws(PlanError) {
    stride = arguments.integer("stride") ?? 8
    guard (1...1024).contains(stride) else {
      throw PlanError("`stride` goes from 1 to 1024, found \(stride)", at: arguments.mark("stride"))
    }
    coordinates = try arguments.number("coordinates", or: 5, .notNegative)
    absence = try arguments.number("absence", or: 0.5, .notNegative)
  }
  public var takesRawTargets: Bool { true }
  public var keys: [(String, ConfigValue)] {
    (stride == 8 ? [] : [("stride", .integer(stride))]) + changed(("coordinates", coordinates, 5))
      + changed(("absence", absence, 0.5))
  }

  /// Sizes beyond exp(6) blocks mean nothing.
  private static let held = Clip(low: -6, high: 6)

  private func classes(_ shape: Shape, _ graph: Graph) throws(GraphError) -> Int {
    guard shape.rank == 4, shape[1] > 4, shape[2] % stride == 0, shape[3] % stride == 0 else {
      throw GraphError(
        path: graph.path,
        "the loss `\(Self.declaration.name)` needs [batch, classes + 4, rows, columns], rows and columns a multiple of \(stride)",
        shapes: [shape])
    }
    return shape[1] - 4
  }

  private var window: PoolWindow { PoolWindow(kernel: [stride, stride]) }

  private func mean(_ value: Value, in graph: inout Graph) throws(GraphError) -> Value {
    stride == 1 ? value : try graph.one(Compute.AveragePool(window), value)
  }

  private func largest(_ value: Value, in graph: inout Graph) throws(GraphError) -> Value {
    stride == 1 ? value : try graph.one(Compute.MaxPool(window), value)
  }

  private func spread(_ value: Value, in graph: inout Graph) throws(GraphError) -> Value {
    if stride == 1 { return value }
    return try graph.one(
      Compute.Resize(
        .scales([Double(stride), Double(stride)]), axes: [2, 3], mode: .nearest, coordinates: .asymmetric,
        rounding: .floor), value)
  }

  /// The place of each row and column in its block: 0 to stride - 1.
  private func places(_ shape: Shape, in graph: inout Graph) throws(GraphError) -> (row: Value, column: Value)
  {
    (
      try graph.constant((0..<shape[2]).map { Double($0 % stride) }, [1, 1, shape[2], 1]),
      try graph.constant((0..<shape[3]).map { Double($0 % stride) }, [1, 1, 1, shape[3]])
    )
  }

  public func build(_ prediction: Value, _ target: Value, weights: Value?, in graph: inout Graph)
    throws(GraphError) -> Value
  {
    try graph.expect(prediction, fits: target, Self.declaration.name)
    let shape = graph.shape(target)
    let count = try classes(shape, graph)
    func channel(_ value: Value, _ index: Int, in graph: inout Graph) throws(GraphError) -> Value {
      try graph.slice(value, axis: 1, count + index, count + index + 1)
    }
    let all = try mean(prediction, in: &graph)
    var isClass = try graph.slice(target, axis: 1, 0, count)
    var given: Value?
    if let weights {
      try graph.expect(weights, broadcastTo: shape)
      let all = graph.shape(weights) == shape ? weights : try graph.one(Expand(shape), weights)
      given = all
      // What is masked may hold any number.
      let isKnown = try graph.one(
        Greater(), try graph.slice(all, axis: 1, 0, count), graph.constant(0))
      isClass = try graph.one(Where(), isKnown, isClass, graph.constant(0))
    }
    let truth = try largest(isClass, in: &graph)
    // The one box of each block: the largest.
    let isCentre = try graph.one(ReduceMax(axes: [1], keepsDimensions: true), isClass)
    let size = try graph.multiply(
      isCentre, try graph.multiply(try channel(target, 2, in: &graph), try channel(target, 3, in: &graph)))
    let top = try spread(try largest(size, in: &graph), in: &graph)
    let chosen = try graph.multiply(isCentre, try graph.one(GreaterOrEqual(), size, top))
    let share = try mean(chosen, in: &graph)
    let number = try graph.one(Clip(low: 1 / Double(stride * stride)), share)
    func picked(_ value: Value, in graph: inout Graph) throws(GraphError) -> Value {
      try graph.divide(try mean(try graph.multiply(chosen, value), in: &graph), number)
    }
    let hasBox = try graph.one(Greater(), share, graph.constant(0))
    // Classes.
    let logits = try graph.slice(all, axis: 1, 0, count)
    let yes = try graph.one(Compute.Softplus(), try graph.one(Neg(), logits))
    let no = try graph.one(Compute.Softplus(), logits)
    var classes = try graph.add(
      try graph.multiply(truth, yes),
      try graph.multiply(try graph.multiply(try graph.subtract(1, truth), no), absence))
    // Boxes.
    let (rows, columns) = try places(shape, in: &graph)
    var errors: Value?
    for (index, place) in [rows, columns].enumerated() {
      // Blocks from the first edge of the block to the centre.
      let inside = try graph.divide(
        try graph.add(try graph.add(place, try channel(target, index, in: &graph)), 0.5), Double(stride))
      let wanted = try picked(inside, in: &graph)
      let said = try graph.one(Compute.Sigmoid(), try channel(all, index, in: &graph))
      let error = try SmoothL1().elements(said, wanted, in: &graph)
      errors = try errors.map { sum throws(GraphError) in try graph.add(sum, error) } ?? error
    }
    for index in 2...3 {
      let cells = try picked(try channel(target, index, in: &graph), in: &graph)
      let wanted = try graph.log(
        try graph.one(Clip(low: 1e-3), try graph.divide(cells, Double(stride))))
      let said = try graph.one(Self.held, try channel(all, index, in: &graph))
      let error = try SmoothL1().elements(said, wanted, in: &graph)
      errors = try errors.map { sum throws(GraphError) in try graph.add(sum, error) } ?? error
    }
    guard var boxes = errors else { return graph.constant(0) }
    boxes = try graph.multiply(try graph.multiply(boxes, hasBox), coordinates)
    // What counts.
    var blocks = graph.constant(Double(graph.shape(boxes).count))
    if let given {
      let each = try mean(given, in: &graph)
      classes = try graph.multiply(classes, try graph.slice(each, axis: 1, 0, count))
      let own = try graph.slice(each, axis: 1, count, count + 1)
      boxes = try graph.multiply(boxes, own)
      blocks = try graph.one(Clip(low: 1e-30), try graph.one(SumTo(.scalar), own))
    }
    let sum = try graph.add(try graph.one(SumTo(.scalar), classes), try graph.one(SumTo(.scalar), boxes))
    return try graph.divide(sum, blocks)
  }

  /// What the target means: the probability that a box of the class has its centre in the cell's block, rows and columns
  /// from the cell to the centre, rows and columns of the box.
  public func expectation(_ prediction: Value, in graph: inout Graph) throws(GraphError) -> Value {
    let shape = graph.shape(prediction)
    let count = try classes(shape, graph)
    let (rows, columns) = try places(shape, in: &graph)
    let chances = try graph.one(Compute.Sigmoid(), try graph.slice(prediction, axis: 1, 0, count))
    var parts = [chances]
    for (index, place) in [rows, columns].enumerated() {
      let inside = try graph.one(
        Compute.Sigmoid(), try graph.slice(prediction, axis: 1, count + index, count + index + 1))
      let cells = try graph.subtract(try graph.multiply(inside, Double(stride)), 0.5)
      parts.append(try graph.subtract(cells, place))
    }
    let sizes = try graph.one(Self.held, try graph.slice(prediction, axis: 1, count + 2, count + 4))
    parts.append(try graph.multiply(try graph.exp(sizes), Double(stride)))
    guard let whole = try graph.apply(Concat(axis: 1), parts).first else { return prediction }
    return whole
  }
}
