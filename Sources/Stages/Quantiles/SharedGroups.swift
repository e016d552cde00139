import Grids

/// The months (or seasons) in which a field is brought in line with others, and which steps of each stream are in them.
struct SharedGroups {
  /// Of the field itself.
  let own: StepGroups
  /// For each step of the field its group.
  let group: [Int]
  /// For each of the other streams the steps of each group, in the training.
  let steps: [[[Int]]]
  let count: Int
  private let keys: [Int]

  /// From the keys `train` and `by`.
  /// - Throws: `PlanError` when the field has a month that the training of the others does not have.
  init(
    _ arguments: Arguments, _ input: StageInputs.Stream, _ others: [StageInputs.Stream]
  ) throws(PlanError) {
    let by = arguments.text("by") ?? "month"
    let train = arguments.part("train")
    own = try StepGroups(input, by: by, at: arguments.mark("by"))
    var found: [(keys: [Int], steps: [[Int]])] = []
    for stream in others {
      let groups = try StepGroups(stream, by: by, at: arguments.mark("by"))
      found.append(groups.restricted(to: Set(try TimeSelection(train).indices(of: stream))))
    }
    let shared = (found.first?.keys ?? []).filter { key in found.allSatisfy { $0.keys.contains(key) } }
    group = try own.keys.enumerated().map { step, key throws(PlanError) -> Int in
      guard let index = shared.firstIndex(of: key) else {
        throw PlanError(
          "step \(step + 1) of `\(input.name)` is in a \(by) that the training does not have",
          at: arguments.mark("train"), subject: "time", remedy: "train on all months, or `select` the others")
      }
      return index
    }
    steps = found.map { keys, steps in shared.map { key in keys.firstIndex(of: key).map { steps[$0] } ?? [] }
    }
    (keys, count) = (shared, shared.count)
  }

  /// The field's own steps in each group.
  var ownSteps: [[Int]] { keys.map { key in own.keys.indices.filter { own.keys[$0] == key } } }

  /// Which variables of a stream stand for those of the field.
  /// - Throws: `PlanError` when the stream lies on another grid, or lacks a variable or the levels.
  func counterparts(
    of input: StageInputs.Stream, in stream: StageInputs.Stream
  ) throws(PlanError) -> [(index: Int, factor: Double, offset: Double)] {
    var (still, place) = (stream.description, input.description)
    (still.time, place.time) = (nil, nil)
    _ = try Alignment(
      of: .init(name: stream.name, node: stream.node, description: still, mark: stream.mark), on: place,
      named: input.name)
    guard still.layerCount == place.layerCount else {
      throw PlanError(
        "`\(stream.name)` has not the levels of `\(input.name)`", at: stream.mark, subject: stream.name)
    }
    var variables: [(index: Int, factor: Double, offset: Double)] = []
    for variable in input.description.variables {
      let found = try Counterpart(of: variable, in: stream, role: "they have no distribution")
      variables.append((found.index, found.factor, found.offset))
    }
    return variables
  }
}
