import Basics
import Compute
import Grids
import Networks
import Tensors

/// Members of a prediction: draws from the predicted distribution, or runs in which dropout stays at work, or both.
struct PredictionMembers: Sendable {
  let count: Int
  let seed: UInt64
  /// The loss says what is predicted: a distribution.
  let draws: Bool
  /// The network has dropout.
  let dropsOut: Bool

  static let keys: [Key] = [
    Key(
      "members", .integer,
      "so many draws from the predicted distribution, or of a network with dropout, as an axis `member`"),
    Key("seed", .integer, default: "0", "of the members"),
  ]

  /// - Throws: when the model gives nothing that members could differ in.
  init?(_ arguments: Arguments, _ model: TrainedModel) throws(PlanError) {
    guard let value = arguments.value("members") else {
      if let seed = arguments.value("seed") {
        throw PlanError("`seed` is for `members`", at: seed.mark, remedy: "leave it out")
      }
      return nil
    }
    guard let count = value.integer, (1...10_000).contains(count) else {
      throw PlanError("`members` goes from 1 to 10000, found \(value.text ?? "no number")", at: value.mark)
    }
    self.count = count
    seed = UInt64(bitPattern: Int64(arguments.integer("seed") ?? 0))
    let patch = model.patch.count == 2 ? model.patch : [64, 64]
    do {
      var network = try Self.network(of: model, rows: patch[0], columns: patch[1])
      let output = network.output
      draws = try model.loss.distribution(output, in: &network.graph) != nil
      dropsOut = network.graph.nodes(for: [output]).contains { network.graph.nodes[$0].op.isRandom }
    } catch {
      throw PlanError("the network does not fit its own patches: \(error)", at: value.mark)
    }
    guard draws || dropsOut else {
      throw PlanError(
        "all members of this model would be the same", at: value.mark,
        remedy:
          "train with a loss that predicts a distribution (gaussian-nll, bernoulli-gamma) or with dropout; "
          + "`ensemble` joins the results of several models")
    }
  }

  /// The network as it is declared: a stored graph has no dropout any more.
  static func network(of model: TrainedModel, rows: Int, columns: Int) throws -> Network {
    let definition: any NetworkDefinition = model.declaration ?? model.definition
    return try definition.network(
      input: try Shape([1, model.inputs.count, rows, columns]), .sampling, domain: model.domain)
  }

  var axis: Axis {
    Axis(
      name: "member", kind: .other, standardName: "realization", units: "1",
      values: (1...count).map(Double.init))
  }

  /// A number for each variable, so that their draws differ.
  func stream(_ variable: Int) -> RandomStream {
    RandomStream(seed: seed, stream: 0x5A4D_0000 &+ UInt64(variable))
  }
}
