import Grids
import Networks

/// The result of a network that tells classes apart: the most likely class, then the probability of each.
enum ClassResult {
  static func variables(_ model: TrainedModel, _ count: Int) -> [VariableDescription] {
    let target = model.outputs.first?.name ?? "class"
    let names = (0..<count).map { model.classes.indices.contains($0) ? model.classes[$0] : "\($0)" }
    let mask = VariableDescription(
      name: target, longName: "most likely class of \(model.outputs.first?.longName ?? target)", units: nil,
      flags: names.enumerated().prefix(127).map { .init(value: Int8($0), meaning: $1) })
    return [mask]
      + names.map { name in
        VariableDescription(
          name: "\(target)_probability_\(name)", longName: "probability of \(name)", units: "1")
      }
  }

  /// The value of a variable of the result; of classes that are as likely the first counts.
  static func value(_ variable: Int, _ probabilities: (Int) -> Float, _ count: Int) -> Float {
    guard variable == 0 else { return probabilities(variable - 1) }
    var (best, most) = (0, -Float.infinity)
    for index in 0..<count {
      let probability = probabilities(index)
      if !probability.isFinite { return .nan }
      if probability > most { (best, most) = (index, probability) }
    }
    return Float(best)
  }
}

extension TrainedModel {
  /// The channels that the network's result may have: one for each variable, or one for each class of the only one.
  func resultChannels(_ made: Int) -> Int {
    outputs.count == 1 && made == loss.channelsPerVariable && made > 1 && made <= 127 ? made : outputs.count
  }
}
