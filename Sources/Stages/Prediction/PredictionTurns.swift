import Basics
import Compute
import Grids
import Networks
import Tensors

/// The mean of what a network makes of a field in several orientations, each turned back (Lim et al. 2017:
/// self-ensemble).
struct PredictionTurns: Sendable {
  let orientations: [Orientation]
  /// Where windows are not square: for those whose rows and columns are exchanged.
  let exchanged: PredictionEngine?
  /// A turned window, one that is turned back, and the sums.
  let bytes: Int

  static let keys: [Key] = [
    Key(
      "augment", .list(.choice(["flip", "rotate"])),
      "the mean over orientations: flipped along each axis, rotated by quarters")
  ]

  var title: String { "mean over \(orientations.count) orientations" }

  /// - Throws: when the field cannot be turned, or the network not be applied to what comes out.
  init?(
    _ arguments: Arguments, _ source: ModelSource, _ geometry: PredictionGeometry, _ layouts: LayoutOptions,
    _ members: PredictionMembers?
  ) throws(PlanError) {
    guard let value = arguments.value("augment") else { return nil }
    let words = Set((value.list ?? []).compactMap(\.text))
    let rotates = words.contains("rotate")
    let model = source.known
    orientations = Orientation.all(flip: words.contains("flip"), rotate: rotates)
    guard orientations.count > 1 else {
      throw PlanError(
        "`augment` is empty", at: value.mark, remedy: "give `flip`, `rotate` or both, or leave it out")
    }
    if members != nil {
      throw PlanError(
        "a mean over orientations has no members", at: value.mark, remedy: "leave out `augment` or `members`")
    }
    if let part = (model.inputs + model.outputs + (model.base ?? []))
      .first(where: { TrainingFields.isComponent($0.standardName) })
    {
      throw PlanError(
        "`\(part.name)` is the component of a vector (\(part.standardName ?? "")): it changes when the field is turned",
        at: value.mark, subject: part.name, remedy: "leave out `augment`")
    }
    if geometry.crops {
      throw PlanError(
        "the network does not pad: what it makes of a turned window lies elsewhere", at: value.mark,
        remedy: "leave out `augment`")
    }
    let (rows, columns) = (geometry.rows, geometry.columns)
    guard !rotates || geometry.isSymmetric else {
      throw PlanError(
        "the network does not treat rows as columns: it cannot be applied to a field that is rotated",
        at: value.mark, remedy: "`augment: [flip]`")
    }
    if rotates, rows.window != columns.window {
      let (graph, goals) = try geometry.exchanged(model, layouts: layouts, mark: value.mark)
      exchanged = PredictionEngine(source, graph, goals, parameterBytes: geometry.parameterBytes)
    } else {
      exchanged = nil
    }
    let made = geometry.goals.values.reduce(0) { $0 + geometry.graph.shape($1).count }
    bytes = (model.inputs.count * rows.window * columns.window + 2 * made) * MemoryLayout<Float>.stride
  }

  /// Gives `body` the mean over all orientations, summed in their order.
  /// - Parameter exchanged: for windows whose rows and columns are exchanged; nil when they are square.
  func mean(
    _ input: Operand<Float>, _ name: String, _ loaded: PredictionEngine.Loaded,
    _ exchanged: PredictionEngine.Loaded?, _ body: (Operand<Float>) throws(StageError) -> Void
  ) throws {
    let extents = input.shape.extents
    let turned = try Tensor(uninitialized: input.shape)
    var (sums, back): ([Float], [Float]) = ([], [])
    var shape = input.shape
    for orientation in orientations {
      Self.turn(input.values, orientation, rows: extents[2], columns: extents[3], to: turned.storage)
      let given =
        orientation.transposes ? try Shape([extents[0], extents[1], extents[3], extents[2]]) : input.shape
      let engine = orientation.transposes ? exchanged ?? loaded : loaded
      let operand = unsafe Operand(given, turned.storage)
      try engine.program.run([name: operand], parameters: engine.model.parameters) { outputs in
        guard let output = outputs["result"], output.shape.rank == 4 else {
          throw StageError("the network made no map")
        }
        let made = output.shape.extents
        if sums.isEmpty {
          // The orientation that changes nothing is the first.
          shape = output.shape
          (sums, back) = (.init(repeating: 0, count: output.count), .init(repeating: 0, count: output.count))
        }
        back.withUnsafeMutableBufferPointer {
          Self.turn(output.values, orientation.inverse, rows: made[2], columns: made[3], to: $0)
        }
        for index in sums.indices { sums[index] += back[index] }
      }
    }
    let part = 1 / Float(orientations.count)
    for index in sums.indices { sums[index] *= part }
    try sums.withUnsafeMutableBufferPointer { try body(unsafe Operand(shape, $0)) }
  }

  /// Turns all maps of rows x columns.
  private static func turn(
    _ source: UnsafeMutableBufferPointer<Float>, _ orientation: Orientation, rows: Int, columns: Int,
    to target: UnsafeMutableBufferPointer<Float>
  ) {
    let cells = rows * columns
    for start in stride(from: 0, to: source.count - cells + 1, by: max(1, cells)) {
      unsafe orientation.apply(
        UnsafeBufferPointer(rebasing: source[start..<start + cells]), rows: rows, columns: columns,
        to: UnsafeMutableBufferPointer(rebasing: target[start..<start + cells]))
    }
  }
}
