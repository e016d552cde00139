import Basics
import Networks

/// What a pipeline says of a model file that does not say it itself.
enum ModelDescription {
  private static let channel: [Key] = [
    Key("name", .text, required: true, "the variable"),
    Key("standard-name", .text, "its CF standard name"), Key("long-name", .text, "what it is"),
    Key("units", .text, "the units that the network knows; `any`: they are not compared"),
    Key("cell-methods", .text, "CF cell methods"),
    Key("level", .text, "which level, as in `air_pressure = 50000 Pa`"),
    Key(
      "transform", .choice(ModelChannel.Transform.allCases.map(\.rawValue)), default: "none",
      "applied before the mean is taken off"),
    Key("mean", .number, default: "0", "taken off"), Key("deviation", .number, default: "1", "divided by"),
  ]

  static let keys: [Key] = [
    Key(
      "inputs", .list(.mapping(channel)),
      "what the model file does not say: the variables that go in, channel by channel"),
    Key("outputs", .list(.mapping(channel)), "what the model file does not say: the variables that come out"),
    Key(
      "base", .list(.mapping(channel)),
      "what the model file does not say: the variables of `residual` that its output is added to"),
    Key(
      "loss", .other("a loss: a name, or a name with keys"),
      "what the model file does not say: what it was trained with, which says what its outputs mean (logits, parameters of a distribution)"
    ),
    Key("output", .text, default: "the first", "the output of the model file that is meant"),
  ]

  static func read(_ arguments: Arguments) throws(PlanError) -> ModelMetadata {
    var metadata = ModelMetadata()
    metadata.inputs = try channels("inputs", arguments)
    metadata.outputs = try channels("outputs", arguments)
    metadata.base = try channels("base", arguments)
    if let value = arguments.value("loss") {
      let decoding = Decoding()
      metadata.loss = decoding.loss(value)
      if let error = PlanError.all(decoding.faults) { throw error }
    }
    return metadata
  }

  private static func channels(_ key: String, _ arguments: Arguments) throws(PlanError) -> [ModelChannel]? {
    guard let list = arguments.list(key) else { return nil }
    guard !list.isEmpty else {
      throw PlanError("`\(key)` names no variable", at: arguments.mark(key))
    }
    var channels: [ModelChannel] = []
    for value in list {
      let deviation = value["deviation"]?.number ?? 1
      guard deviation > 0, deviation.isFinite else {
        throw PlanError(
          "`deviation` must be above 0, found \(deviation.plain)", at: value["deviation"]?.mark ?? value.mark)
      }
      let units = value["units"]?.text
      var channel = ModelChannel(
        name: value["name"]?.text ?? "", standardName: value["standard-name"]?.text,
        longName: value["long-name"]?.text, units: units == "any" ? nil : units,
        cellMethods: value["cell-methods"]?.text, layer: value["level"]?.text,
        transform: ModelChannel.Transform(rawValue: value["transform"]?.text ?? "none") ?? .none,
        mean: value["mean"]?.number ?? 0, deviation: deviation)
      channel.takesAnyUnits = units == "any"
      channels.append(channel)
    }
    return channels
  }
}
