import Basics
import Compute

/// Layers whose output is put behind their input, channel by channel (UNet). Their parameters are `0.weight`, ...
public struct Skip: Layer {
  public enum Fit: String, Sendable, Hashable, CaseIterable { case error, crop, pad }

  public static let declaration = Declaration(
    name: "skip", summary: "layers, their output concatenated to their input",
    keys: [
      Key("layers", .other("a list of layers"), required: true, "the layers"),
      Key(
        "fit", .choice(Fit.allCases.map(\.rawValue)), default: "error",
        "when the sizes differ: error; crop both to the smaller about the centre; pad the smaller with zeros"),
    ])
  public let inner: Block
  public let fit: Fit

  public init(fit: Fit = .error, @LayerBuilder _ layers: () -> [any Layer]) {
    (inner, self.fit) = (Block(layers()), fit)
  }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    inner = Block(arguments.value("layers").map { decoding.layers($0) } ?? [])
    fit = arguments.text("fit").flatMap(Fit.init(rawValue:)) ?? .error
  }
  public var keys: [(String, ConfigValue)] {
    var keys = [("layers", inner.configuration)]
    keys.add("fit", fit, unless: .error) { .text($0.rawValue) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let output = try inner.apply(input, in: &network)
    return try network.concatenated([input, output], fit, "the skip")
  }
}

extension NetworkBuilder {
  /// Puts values one behind the other along the channels.
  /// - Throws: when they do not lie over each other and `fit` allows no remedy.
  mutating func concatenated(_ values: [Value], _ fit: Skip.Fit, _ what: String) throws(GraphError) -> Value {
    // What stands for the result where the values cannot be joined: all their channels.
    let channels = values.reduce(0) { $0 + self.channels($1) }
    return try goingOn(from: values, with: values.first.flatMap { shape($0).with(channels: channels) }) {
      network throws(GraphError) in
      let fitted = try network.fitting(values, fit, what)
      return fitted.count == 1
        ? fitted[0] : try network.only(network.graph.apply(Compute.Concat(axis: 1), fitted))
    }
  }

  /// Values of one size in space.
  private mutating func fitting(_ values: [Value], _ fit: Skip.Fit, _ what: String) throws(GraphError)
    -> [Value]
  {
    let spaces = values.map { Array(shape($0).extents.dropFirst(2)) }
    guard let first = spaces.first else { throw error("\(what) has nothing to join") }
    guard spaces.allSatisfy({ $0.count == first.count }), values.allSatisfy({ shape($0).rank > 1 }) else {
      throw GraphError(
        path: graph.path, "\(what) cannot join values of different rank", shapes: values.map(shape))
    }
    if spaces.allSatisfy({ $0 == first }) { return values }
    if fit == .error {
      throw GraphError(
        path: graph.path,
        "\(what) joins values of different size: \(divisorRemedy)", shapes: values.map(shape))
    }
    var fitted: [Value] = []
    for (value, space) in zip(values, spaces) {
      let target = first.indices.map { dimension in
        let extents = spaces.map { $0[dimension] }
        return (fit == .crop ? extents.min() : extents.max()) ?? 0
      }
      let surplus = zip(space, target).map { $0 - $1 }
      if fit == .crop {
        let before = surplus.map { $0 / 2 }
        fitted.append(try cropped(value, before: before, after: zip(surplus, before).map { $0 - $1 }))
      } else if surplus.contains(where: { $0 != 0 }) {
        let axes = surplus.map { Compute.Pad.Axis(-$0 / 2, -$0 - -$0 / 2) }
        fitted.append(try graph.one(Compute.Pad([.none, .none] + axes), value))
      } else {
        fitted.append(value)
      }
    }
    return fitted
  }

  /// What the size of the network's input would have to be.
  var divisorRemedy: String {
    let divisors = graph.sizeDivisors(spatial: 3)
    if divisors.contains(where: { $0 > 1 }), let input = graph.values.first {
      let rank = shape(input).rank - 2
      let wanted = divisors.suffix(max(0, min(3, rank)))
      let text =
        Set(wanted).count == 1 ? "\(wanted.first ?? 1)" : wanted.map(String.init).joined(separator: " x ")
      // Behind a layer that does not fit the size is not that of the network's input.
      if assumed > 0 {
        return "a size divisible by \(text) would do; or let the sizes be cropped or padded (`fit`)"
      }
      return "the size of the network's input must be divisible by \(text), found \(shape(input)); "
        + "or let the sizes be cropped or padded (`fit`)"
    }
    return "use padding `same` inside, or let the sizes be cropped or padded (`fit`)"
  }
}
