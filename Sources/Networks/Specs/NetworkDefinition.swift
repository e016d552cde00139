import Compute
import Tensors

/// What makes the graph of a network once the shape of its input is known: a declaration (`NetworkSpec`) or the graph
/// of a model file. Whoever applies a network knows no more of it than this.
public protocol NetworkDefinition: Sendable {
  /// The graph for inputs of one shape.
  /// - Parameters:
  ///   - shape: [batch, channels, spatial...].
  ///   - domain: how the field goes on beyond its borders, where the network itself does not say.
  /// - Throws: `GraphError` naming the layer and the shapes that do not fit.
  func network(input shape: Shape, _ mode: NetworkBuilder.Mode, domain: DomainPadding) throws(GraphError)
    -> Network
  /// The extents [batch, channels, spatial...] that it is bound to; nil for one that may be any. Empty: all may.
  var boundExtents: [Int?] { get }
}

extension NetworkDefinition {
  public var boundExtents: [Int?] { [] }
}

extension NetworkSpec: NetworkDefinition {}
