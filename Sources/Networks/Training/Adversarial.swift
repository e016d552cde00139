import Basics
import Compute

/// Training against a discriminator (Goodfellow et al. 2014), which sees the network's input and either the target or
/// what the network makes of the input, and learns to tell them apart (a conditional one: Mirza and Osindero 2014; Isola
/// et al. 2017). In each step first the discriminator is trained, then the network, by the loss plus `weight` times what
/// the discriminator, as it now is, says of its output.
public struct Adversarial: Sendable {
  /// What is made small, of the discriminator's outputs r for the target and f for the network's output. All are means over its
  /// outputs; that of the discriminator is halved (Isola et al. 2017).
  public enum Objective: String, Sendable, Hashable, CaseIterable {
    /// (r - 1)^2 + f^2; the network: (f - 1)^2 (Mao et al. 2017).
    case leastSquares = "least-squares"
    /// max(0, 1 - r) + max(0, 1 + f); the network: -f (Lim and Ye 2017).
    case hinge
    /// softplus(-r) + softplus(f): cross-entropy of logits; the network: softplus(-f) (Goodfellow et al. 2014).
    case nonSaturating = "non-saturating"
  }

  public static let keys = [
    Key(
      "discriminator", .other("a network: a name, a name with keys, or a list of layers"),
      default: "patch-gan",
      "sees the channels of the input and of the target; every number of its output is a judgement"),
    Key("weight", .number, default: "0.01", "of the judgements beside the loss"),
    Key("loss", .choice(Objective.allCases.map(\.rawValue)), default: "least-squares", "of the judgements"),
    Key(
      "optimiser", .other("an optimiser: a name, or a name with keys"), default: "{adam: {beta1: 0.5}}",
      "of the discriminator"),
    Key(
      "rate", .number, default: "the network's", "learning rate of the discriminator; the schedule is common"),
    Key(
      "warm-up", .integer, default: "0",
      "steps at the beginning in which the network learns by the loss alone"),
  ]

  public var discriminator: NetworkSpec
  public var weight: Double
  public var objective: Objective
  public var optimiser: any Optimiser
  /// Nil: the network's.
  public var rate: Double?
  public var warmUp: Int

  public init(
    discriminator: NetworkSpec = NetworkSpec(PatchGAN()), weight: Double = 0.01,
    objective: Objective = .leastSquares, optimiser: any Optimiser = Adam(beta1: 0.5), rate: Double? = nil,
    warmUp: Int = 0
  ) {
    (self.discriminator, self.weight, self.objective) = (discriminator, weight, objective)
    (self.optimiser, self.rate, self.warmUp) = (optimiser, rate, max(0, warmUp))
  }

  /// From the mapping of the keys; `{}` and nothing at all mean the default of each.
  /// - Throws: `SpecFaults` with everything that is wrong.
  public init(_ configuration: ConfigValue) throws(SpecFaults) {
    let entries: [ConfigValue.Entry]
    switch configuration.content {
    case .mapping(let given): entries = given
    case .null: entries = []
    default:
      throw SpecFaults([
        PlanError("`adversarial` must be a mapping, found \(configuration.found)", at: configuration.mark)
      ])
    }
    var faults = KeyCheck(knownStreams: []).faults(
      entries, Self.keys, of: "`adversarial`", at: configuration.mark)
    guard faults.isEmpty else { throw SpecFaults(faults) }
    let decoding = Decoding()
    let root = configuration["discriminator"].map { decoding.layer($0) } ?? PatchGAN()
    let optimiser = configuration["optimiser"].map { decoding.optimiser($0) } ?? Adam(beta1: 0.5)
    faults += decoding.faults
    func number(_ key: String, isAbove0: Bool) -> Double? {
      guard let value = configuration[key], let number = value.number else { return nil }
      if !(isAbove0 ? number > 0 : number >= 0) || !number.isFinite {
        faults.append(
          PlanError(
            "`\(key)` must be \(isAbove0 ? "above 0" : "at least 0"), found \(value.found)",
            at: value.mark))
      }
      return number
    }
    let weight = number("weight", isAbove0: true)
    let rate = number("rate", isAbove0: false)
    let warmUp = configuration["warm-up"]?.integer
    if let warmUp, warmUp < 0, let mark = configuration["warm-up"]?.mark {
      faults.append(PlanError("`warm-up` must be 0 or more steps, found \(warmUp)", at: mark))
    }
    guard faults.isEmpty, let root, let optimiser else { throw SpecFaults(faults) }
    self.init(
      discriminator: NetworkSpec(root), weight: weight ?? 0.01,
      objective: configuration["loss"]?.text.flatMap(Objective.init) ?? .leastSquares, optimiser: optimiser,
      rate: rate, warmUp: warmUp ?? 0)
  }

  /// Everything that the result depends on.
  public var json: JSONValue {
    .object([
      ("discriminator", discriminator.configuration.json), ("weight", .number(weight)),
      ("loss", .string(objective.rawValue)), ("optimiser", optimiser.configuration.json),
      ("rate", rate.map { .number($0) } ?? .null), ("warm_up", .integer(warmUp)),
    ])
  }
}

extension Adversarial.Objective {
  /// What the discriminator makes small.
  func discriminator(real: Value, fake: Value, in graph: inout Graph) throws(GraphError) -> Value {
    let (r, f): (Value, Value)
    switch self {
    case .leastSquares:
      r = try graph.square(try graph.subtract(real, 1))
      f = try graph.square(fake)
    case .hinge:
      r = try graph.one(Compute.Relu(), try graph.subtract(1, real))
      f = try graph.one(Compute.Relu(), try graph.add(fake, 1))
    case .nonSaturating:
      r = try graph.softplus(try graph.negative(real))
      f = try graph.softplus(fake)
    }
    return try graph.multiply(try graph.add(try graph.mean(r), try graph.mean(f)), 0.5)
  }

  /// What the network makes small.
  func generator(fake: Value, in graph: inout Graph) throws(GraphError) -> Value {
    switch self {
    case .leastSquares: try graph.mean(try graph.square(try graph.subtract(fake, 1)))
    case .hinge: try graph.negative(try graph.mean(fake))
    case .nonSaturating: try graph.mean(try graph.softplus(try graph.negative(fake)))
    }
  }
}
