import Basics
import Compute
import Tensors

/// A layer of a network as it is declared: a small value that adds nodes to a graph once the shape of its input
/// is known. One file each in `Layers/` (blocks and what is inside them) and in `Models/` (whole networks, which
/// are layers too). The build lists the folders: a new layer is one new file, named as its type.
///
/// Tensors are [batch, channels, spatial...]. Parameters have PyTorch's names (`weight`, `bias`,
/// `running_mean`, `running_var`) and shapes.
public protocol Layer: Sendable {
  static var declaration: Declaration { get }
  /// - Parameter decoding: decodes layers inside this one, and keeps their faults.
  init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError)
  /// The keys that say what it is, those with default values left out: decoding them gives an equal value.
  var keys: [(String, ConfigValue)] { get }
  /// As YAML says it: the name alone, `{name: {keys}}`, or a list for a block.
  var configuration: ConfigValue { get }
  /// Adds the layer's nodes.
  /// - Throws: `GraphError` with the layer's path and the shapes, when the input does not fit.
  func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value
  /// The shape that the output is meant to have, also where the input does not fit: what follows is looked at
  /// with it. The same as that of the input unless a layer says otherwise.
  /// - Returns: nil when that cannot be said.
  func declaredShape(_ input: Shape) -> Shape?
}

extension Layer {
  public func declaredShape(_ input: Shape) -> Shape? { input }

  public var configuration: ConfigValue {
    let name = Self.declaration.name
    return keys.isEmpty ? .text(name) : .mapping([(name, .mapping(keys))])
  }
}

/// A whole network that can be named: a layer with what is published about it.
public protocol Model: Layer {
  /// What is known of it in the literature: shown by `isotach model`, tested.
  static var published: [Published] { get }
}

/// A published number of parameters: a configuration (the keys as YAML would give them), the shape of the input
/// (channels, spatial...), the number and where it is from.
public struct Published: Sendable {
  public let keys: [(String, ConfigValue)]
  public let input: [Int]
  public let parameters: Int
  public let source: String
  public init(_ keys: [(String, ConfigValue)] = [], input: [Int], parameters: Int, source: String) {
    (self.keys, self.input, self.parameters, self.source) = (keys, input, parameters, source)
  }
}

extension Decoding {
  /// One layer: `relu`, `{conv: {filters: 64, kernel: 9}}`, `{unet: {base: 32}}`, or a list (a block).
  public func layer(_ value: ConfigValue) -> (any Layer)? {
    if case .sequence = value.content { return Block(layers(value)) }
    return one(
      value, "layer",
      of: ([Block.self] + allLayers + allModels.map { $0 as any Layer.Type }).map { type in
        (type.declaration, { (arguments: Arguments) throws(PlanError) in try type.init(arguments, self) })
      })
  }

  /// A list of layers; one alone counts as a list of one. What is wrong is kept as a fault, and
  /// a stand-in takes its place.
  public func layers(_ value: ConfigValue) -> [any Layer] {
    guard case .sequence(let elements) = value.content else { return layer(value).map { [$0] } ?? [] }
    return elements.map { layer($0) ?? standIn(for: $0) }
  }
}
