import Basics
import Compute

/// Blocks that networks are made of.
enum Stack {
  /// Convolution, batch normalisation if wanted, activation; `count` times.
  @LayerBuilder static func convolutions(
    _ width: Int, count: Int = 2, kernel: Sizes = 3, stride: Sizes = 1, padding: Padding = .same,
    batchNorm: Bool, activation: any Layer = ReLU(), initialiser: (any Initialiser)? = nil
  ) -> [any Layer] {
    for index in 0..<count {
      Conv(
        width, kernel: kernel, stride: index == 0 ? stride : 1, padding: padding, bias: !batchNorm,
        initialiser: initialiser)
      if batchNorm { BatchNorm() }
      activation
    }
  }

  static let activationKey = Key(
    "activation", .other("a layer: a name, or a mapping with one name and its keys"), default: "relu",
    "the layer behind each convolution")

  static func activation(_ arguments: Arguments, _ decoding: Decoding) -> any Layer {
    arguments.value("activation").flatMap { decoding.layer($0) } ?? ReLU()
  }

  static func configuration(of activation: any Layer) -> ConfigValue? {
    activation is ReLU ? nil : activation.configuration
  }
}

extension NetworkBuilder {
  /// Layers under a name.
  mutating func apply(_ name: String, _ input: Value, @LayerBuilder _ layers: () -> [any Layer])
    throws(GraphError) -> Value
  {
    let layers = layers()
    return try scoped(name) { network throws(GraphError) in
      try Block(layers).apply(input, in: &network)
    }
  }

  /// One layer under a name, without an index.
  mutating func apply(_ name: String, _ layer: any Layer, _ input: Value) throws(GraphError) -> Value {
    try scoped(name) { network throws(GraphError) in try layer.apply(input, in: &network) }
  }

  /// Some channels of a value.
  mutating func channels(_ input: Value, _ wanted: [Int]) throws(GraphError) -> Value {
    var parts: [Value] = []
    for channel in wanted {
      guard (0..<channels(input)).contains(channel) else {
        throw error("there is no channel \(channel): channels are counted from 0", input)
      }
      parts.append(try graph.one(Compute.Slice(axis: 1, channel, channel + 1), input))
    }
    return parts.count == 1 ? parts[0] : try only(graph.apply(Compute.Concat(axis: 1), parts))
  }

  /// output + channels of the input, which are cropped about the centre to the size of the output.
  mutating func addingChannels(_ output: Value, of input: Value, _ wanted: [Int]) throws(GraphError) -> Value
  {
    guard wanted.count == channels(output) else {
      throw error(
        "`residual` names \(wanted.count) channels of the input, the output has \(channels(output))", output)
    }
    var shortcut = try channels(input, wanted)
    let surplus = zip(shape(shortcut).extents, shape(output).extents).dropFirst(2).map { $0 - $1 }
    guard surplus.allSatisfy({ $0 >= 0 }) else {
      throw error("the output is larger than the input, so that it cannot be added", input, output)
    }
    let before = surplus.map { $0 / 2 }
    shortcut = try cropped(shortcut, before: before, after: zip(surplus, before).map { $0 - $1 })
    return try graph.one(Compute.Add(), output, shortcut)
  }

  /// - Throws: when an extent in space is not a multiple of `divisor`, with what would be.
  func requireDivisible(_ input: Value, by divisor: Int, _ what: String) throws(GraphError) {
    for (dimension, extent) in shape(input).extents.dropFirst(2).enumerated() where extent % divisor != 0 {
      let below = extent / divisor * divisor
      throw error(
        "\(what) needs a size divisible by \(divisor), but spatial dimension \(dimension) has \(extent) "
          + "(\(below > 0 ? "\(below) or " : "")\(below + divisor) would do)", input)
    }
  }
}
