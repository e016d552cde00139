import Basics
import Grids
import Networks

/// The channels of a model found in a stream, in their order: each is one variable on one level.
struct ChannelMatch: Sendable {
  struct Channel: Sendable {
    let variable: Int
    let layer: Int
    /// To the model's units.
    let factor: Double
    let offset: Double
  }
  let channels: [Channel]
  /// The stream has no time: its one step holds for all.
  var repeatsTime = false

  /// - Throws: `PlanError` at the stream when it does not have these channels.
  init(_ wanted: [ModelChannel], of stream: StageInputs.Stream, role: String) throws(PlanError) {
    let description = stream.description
    var found: [(variable: VariableDescription, layer: String?)] = []
    var places: [(Int, Int)] = []
    for (index, variable) in description.variables.enumerated() {
      for layer in 0..<description.layerCount {
        found.append((variable, description.layerTitle(layer)))
        places.append((index, layer))
      }
    }
    // A channel that goes in more than once (of a model with several inputs) need not be in the stream as often.
    let firsts = wanted.map { channel in wanted.firstIndex { $0.title == channel.title } ?? 0 }
    if found.count == Set(firsts).count, found.count < wanted.count {
      let order = firsts.map { first in Set(firsts.filter { $0 < first }).count }
      (found, places) = (order.map { found[$0] }, order.map { places[$0] })
    }
    let titles = found.map {
      ($0.variable.standardName ?? $0.variable.name) + ($0.layer.map { " (\($0))" } ?? "")
    }
    func list(_ titles: [String]) -> String {
      "\(titles.count) channel\(titles.count == 1 ? "" : "s") (\(titles.joined(separator: ", ")))"
    }
    guard found.count == wanted.count else {
      throw PlanError(
        "\(role) \(list(wanted.map(\.title))), `\(stream.name)` has \(list(titles))", at: stream.mark,
        subject: stream.name, remedy: "`stack` or `select` just these variables, in this order")
    }
    var channels: [Channel] = []
    for (index, channel) in wanted.enumerated() {
      let (variable, layer) = found[index]
      let isSame =
        if let a = channel.standardName, let b = variable.standardName { a == b } else {
          channel.name == variable.name
        }
      guard isSame, channel.layer == layer else {
        let isElsewhere = Set(wanted.map(\.title)) == Set(titles)
        throw PlanError(
          "\(role) \(channel.title) as channel \(index + 1), `\(stream.name)` has \(titles[index])",
          at: stream.mark, subject: variable.name,
          remedy: isElsewhere
            ? "give the variables in the order \(wanted.map(\.name).joined(separator: ", "))"
            : "the model's channels are \(wanted.map(\.title).joined(separator: ", ")); `rename` what has another name"
        )
      }
      try Self.checkNormalisation(of: variable, for: channel, stream)
      let change = try Self.conversion(from: variable, to: channel, stream)
      channels.append(
        .init(variable: places[index].0, layer: places[index].1, factor: change.factor, offset: change.offset)
      )
    }
    self.channels = channels
  }

  /// A field that `standardise` made is for a network that was trained on such a field, with the same numbers.
  private static func checkNormalisation(
    of variable: VariableDescription, for channel: ModelChannel, _ stream: StageInputs.Stream
  ) throws(PlanError) {
    let isGiven = Standardise.isStandardised(longName: variable.longName)
    let isWanted = Standardise.isStandardised(longName: channel.longName)
    if isGiven, !isWanted {
      throw PlanError(
        "`\(variable.name)` is standardised already, and the model does so itself", at: stream.mark,
        subject: variable.name, remedy: "give the field as it is before `standardise`")
    }
    if isWanted, !isGiven {
      throw PlanError(
        "the model was trained on a standardised `\(channel.name)`, and `\(variable.name)` is not",
        at: stream.mark, subject: variable.name, remedy: "`standardise` it as for the training")
    }
    guard isWanted, let wanted = channel.standardised, let found = Standardise.numbers(of: variable),
      wanted != found
    else { return }
    throw PlanError(
      "`\(variable.name)` is standardised with mean \(found.mean.plain) and std \(found.deviation.plain), "
        + "the model was trained with mean \(wanted.mean.plain) and std \(wanted.deviation.plain)",
      at: stream.mark, subject: variable.name, remedy: "give `standardise` those numbers")
  }

  private static func conversion(
    from variable: VariableDescription, to channel: ModelChannel, _ stream: StageInputs.Stream
  ) throws(PlanError) -> (factor: Double, offset: Double) {
    guard variable.units != channel.units, !channel.takesAnyUnits else { return (1, 0) }
    guard let from = variable.units, let to = channel.units else {
      throw PlanError(
        "`\(variable.name)` has \(variable.units.map { "the units \($0)" } ?? "no units"), the model was trained with "
          + (channel.units.map { "\($0)" } ?? "none"), at: stream.mark, subject: variable.name,
        remedy: variable.units == nil
          ? "state the units at the input: `attributes: {units: ...}`"
          : "say which units it knows: `units` in `inputs`, or `any`")
    }
    do {
      let conversion = try UnitConversion(from: from, to: to)
      return (conversion.factor, variable.isTemperatureDifference ? 0 : conversion.offset)
    } catch {
      throw PlanError(
        "`\(variable.name)` is in \(from), the model was trained with \(to)", at: stream.mark,
        subject: variable.name, remedy: error.remedy ?? "convert it")
    }
  }
}

extension Standardise {
  /// The mean and the deviation that a variable was standardised with, when its attributes say so.
  static func numbers(of variable: VariableDescription) -> ModelChannel.Standardisation? {
    guard let mean = variable.attributes["standardised_mean"]?.number,
      let deviation = variable.attributes["standardised_std"]?.number
    else { return nil }
    return .init(mean: mean, deviation: deviation)
  }
}

extension Description {
  /// Which values of the layer axes a layer has: `plev = 50000 Pa`; nil when there are no such axes.
  func layerTitle(_ layer: Int) -> String? {
    guard !layers.isEmpty else { return nil }
    var rest = layer
    var parts: [String] = []
    for axis in layers.reversed() {
      let index = rest % max(1, axis.count)
      rest /= max(1, axis.count)
      let value = axis.labels.map { $0[index] } ?? axis.values[index].plain
      parts.insert("\(axis.standardName ?? axis.name) = \(value)\(axis.units.map { " \($0)" } ?? "")", at: 0)
    }
    return parts.joined(separator: ", ")
  }
}
