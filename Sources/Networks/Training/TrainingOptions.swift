import Basics
import Compute

/// How a network is trained.
public struct TrainingOptions: Sendable {
  /// A multiplier of the rate for parameters whose path matches a pattern.
  public struct LayerRate: Sendable, Hashable {
    public var pattern: String
    public var multiplier: Double
    public init(_ pattern: String, _ multiplier: Double) {
      (self.pattern, self.multiplier) = (pattern, multiplier)
    }
  }

  public var optimiser: any Optimiser
  /// Nil: the optimiser's own.
  public var rate: Double?
  public var schedule: any Schedule
  public var clipping: Clipping?
  /// Nil: the optimiser's own.
  public var decay: Double?
  /// The first pattern that fits counts.
  public var layerRates: [LayerRate]
  /// Patterns of paths of parameters that are not trained.
  public var frozen: [String]
  public var steps: Int
  /// Steps from one line of the history (and one validation) to the next.
  public var every: Int
  /// Lines without a better validation after which training ends; nil: it goes on to the last step.
  public var patience: Int?
  /// The numbers of the best validation are kept, not the last ones.
  public var keepsBest: Bool
  public var seed: UInt64
  /// Nil: the network learns by its loss alone.
  public var adversarial: Adversarial?

  public init(
    optimiser: any Optimiser, rate: Double? = nil, schedule: any Schedule = Steady(),
    clipping: Clipping? = nil,
    decay: Double? = nil, layerRates: [LayerRate] = [], frozen: [String] = [], steps: Int, every: Int,
    patience: Int? = nil, keepsBest: Bool = false, seed: UInt64 = 0, adversarial: Adversarial? = nil
  ) {
    (self.optimiser, self.rate, self.schedule, self.clipping) = (optimiser, rate, schedule, clipping)
    (self.decay, self.layerRates, self.frozen) = (decay, layerRates, frozen)
    (self.steps, self.every, self.patience) = (max(1, steps), max(1, every), patience)
    (self.keepsBest, self.seed, self.adversarial) = (keepsBest, seed, adversarial)
  }

  public var baseRate: Double { rate ?? optimiser.defaultRate }
  public var baseDecay: Double { decay ?? optimiser.defaultDecay }

  /// What the rate of a parameter is multiplied with; nil when it is frozen.
  public func multiplier(_ path: String) -> Double? {
    if frozen.contains(where: { matches(path, pattern: $0) }) { return nil }
    return layerRates.first { matches(path, pattern: $0.pattern) }?.multiplier ?? 1
  }

  /// Everything that the result depends on but the number of steps and where the history has its lines.
  public var course: JSONValue {
    var other = self
    (other.steps, other.every) = (1, 1)
    return other.json
  }

  /// Everything that the result depends on.
  public var json: JSONValue {
    let members: [(String, JSONValue)] = [
      ("optimiser", optimiser.configuration.json), ("rate", .number(baseRate)),
      ("schedule", schedule.configuration.json), ("clip", clipping?.configuration.json ?? .null),
      ("decay", .number(baseDecay)),
      ("layer_rates", .array(layerRates.map { .array([.string($0.pattern), .number($0.multiplier)]) })),
      ("frozen", .array(frozen.map { .string($0) })), ("steps", .integer(steps)), ("every", .integer(every)),
      ("patience", patience.map { .integer($0) } ?? .null), ("keeps_best", .boolean(keepsBest)),
      ("seed", .string("\(seed)")),
    ]
    return .object(members + (adversarial.map { [("adversarial", $0.json)] } ?? []))
  }
}

/// True when a path fits a pattern of letters, `?` (one character) and `*` (any number of them, dots too).
public func matches(_ path: String, pattern: String) -> Bool {
  let (text, pattern) = (Array(path.utf8), Array(pattern.utf8))
  var (t, p) = (0, 0)
  var back: (t: Int, p: Int)?
  while t < text.count {
    if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
      back = (t, p + 1)
      p += 1
    } else if p < pattern.count, pattern[p] == text[t] || pattern[p] == UInt8(ascii: "?") {
      (t, p) = (t + 1, p + 1)
    } else if let last = back {
      back = (last.t + 1, last.p)
      (t, p) = (last.t + 1, last.p)
    } else {
      return false
    }
  }
  return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
}
