import Basics
import Grids
import Networks

/// How one variable becomes the network's numbers.
struct Normalisation: Sendable, Hashable {
  var transform = ModelChannel.Transform.none
  /// Nil: the mean and the deviation of what is trained on.
  var given: (mean: Double, deviation: Double)?

  static let keys = [
    Key("mean", .number, "taken off"), Key("deviation", .number, "divided by"),
    Key(
      "transform", .choice(ModelChannel.Transform.allCases.map(\.rawValue)), default: "none",
      "applied before; its inverse makes the predictions"),
  ]
  static let standard = Normalisation()
  static let none = Normalisation(given: (0, 1))

  init(transform: ModelChannel.Transform = .none, given: (mean: Double, deviation: Double)? = nil) {
    (self.transform, self.given) = (transform, given)
  }

  /// From `standard`, `none` or a mapping.
  init(_ value: ConfigValue) throws(PlanError) {
    if let text = value.text {
      self = text == "none" ? .none : .standard
      return
    }
    transform = ModelChannel.Transform(rawValue: value["transform"]?.text ?? "none") ?? .none
    switch (value["mean"]?.number, value["deviation"]?.number) {
    case (nil, nil): given = nil
    case (let mean?, let deviation?):
      guard deviation > 0 else {
        throw PlanError(
          "`deviation` must be above 0, found \(deviation.plain)", at: value["deviation"]?.mark ?? value.mark)
      }
      given = (mean, deviation)
    default: throw PlanError("`mean` and `deviation` are given together", at: value.mark)
    }
  }

  static func == (a: Normalisation, b: Normalisation) -> Bool {
    a.transform == b.transform && a.given?.mean == b.given?.mean && a.given?.deviation == b.given?.deviation
  }
  func hash(into hasher: inout Hasher) { hasher.combine(transform) }
}

/// Mean and deviation of numbers, summed block by block in one order (Chan, Golub and LeVeque 1983).
struct RunningMoments: Sendable {
  private(set) var count = 0.0
  private(set) var mean = 0.0
  private var squares = 0.0

  mutating func add(_ other: RunningMoments) {
    guard other.count > 0 else { return }
    let total = count + other.count
    let difference = other.mean - mean
    mean += difference * other.count / total
    squares += other.squares + difference * difference * count * other.count / total
    count = total
  }

  mutating func add(_ value: Double) {
    count += 1
    let difference = value - mean
    mean += difference / count
    squares += difference * (value - mean)
  }

  /// Divided by the count; 1 when all numbers are the same, for such a channel says nothing.
  var deviation: Double {
    let variance = count > 0 ? squares / count : 0
    let deviation = variance.squareRoot()
    return deviation > 1e-12 * max(1e-30, abs(mean)) ? deviation : 1
  }
}
