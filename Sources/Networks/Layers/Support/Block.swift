import Basics
import Compute
import Tensors

/// Layers one after the other; in YAML a list. Their parameters are `0.weight`, `1.weight`, ... as in PyTorch's
/// `Sequential`.
public struct Block: Layer {
  public static let declaration = Declaration(
    name: "block", summary: "layers one after the other; a list means the same",
    keys: [Key("layers", .other("a list of layers"), required: true, "the layers")])
  public let layers: [any Layer]

  public init(_ layers: [any Layer]) { self.layers = layers }
  public init(@LayerBuilder _ layers: () -> [any Layer]) { self.layers = layers() }
  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    layers = arguments.value("layers").map { decoding.layers($0) } ?? []
  }
  public var keys: [(String, ConfigValue)] { [("layers", .list(layers.map(\.configuration)))] }
  public var configuration: ConfigValue { .list(layers.map(\.configuration)) }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    var value = input
    for (index, layer) in layers.enumerated() {
      value = try network.scoped("\(index)") { network throws(GraphError) in
        try network.add(layer, to: value)
      }
    }
    return value
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    var shape: Shape? = input
    for layer in layers { shape = shape.flatMap { layer.declaredShape($0) } }
    return shape
  }
}

/// `Block { Conv(64, kernel: 3); ReLU(); if deep { MaxPool(2) } }`.
@resultBuilder public enum LayerBuilder {
  public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
  public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap(\.self) }
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  public static func buildEither(first: [any Layer]) -> [any Layer] { first }
  public static func buildEither(second: [any Layer]) -> [any Layer] { second }
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap(\.self) }
  public static func buildLimitedAvailability(_ part: [any Layer]) -> [any Layer] { part }
}
