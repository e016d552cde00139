import Basics
import Compute
import Tensors

/// The decoder of an autoencoder beside what goes on: its layers get the input of this layer and are to rebuild the
/// input of the network; what follows gets the input of this layer as it is. So one encoder learns from all
/// fields, and what follows only from those that have a target (Racah et al. 2017, NIPS, formula 1).
public struct Rebuild: Layer {
  public static let declaration = Declaration(
    name: "rebuild", summary: "a decoder beside the network, that rebuilds the network's input (autoencoder)",
    discussion: """
      The mean error of what it rebuilds, times `weight`, counts in the loss beside that of the network's output, also \
      where the target is missing. Prediction leaves it out.
      """,
    keys: [
      Key("layers", .other("a list of layers"), required: true, "the decoder"),
      Key("weight", .number, default: "1", "of its error in the loss"),
      Key(
        "error", .choice(Rebuilding.Measure.allCases.map(\.rawValue)), default: "squared",
        "what its error is measured by"),
    ])
  public let inner: Block
  public let weight: Double
  public let measure: Rebuilding.Measure

  public init(
    weight: Double = 1, _ measure: Rebuilding.Measure = .squared,
    @LayerBuilder _ layers: () -> [any Layer]
  ) {
    (inner, self.weight, self.measure) = (Block(layers()), weight, measure)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    inner = Block(arguments.value("layers").map { decoding.layers($0) } ?? [])
    weight = try arguments.number("weight", in: 0...1e6) ?? 1
    measure = arguments.text("error").flatMap(Rebuilding.Measure.init(rawValue:)) ?? .squared
  }
  public var keys: [(String, ConfigValue)] {
    var keys = [("layers", inner.configuration)]
    keys.add("weight", weight, unless: 1) { .number($0) }
    keys.add("error", measure, unless: .squared) { .text($0.rawValue) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let made = try inner.apply(input, in: &network)
    guard let original = network.graph.values.first else { return input }
    let (found, wanted) = (network.shape(made), network.shape(original))
    guard found == wanted, found.rank > 1 else {
      throw network.error("the decoder makes \(found), the network's input is \(wanted)", made)
    }
    network.addOutput(
      network.graph.path.isEmpty ? "rebuilt" : "rebuilt." + network.graph.path, made, weight: weight,
      rebuilds: Rebuilding(0..<wanted.extents[1], measure))
    return input
  }
  public func declaredShape(_ input: Shape) -> Shape? { input }
}
