import Basics
import Compute
import Tensors

/// What layers add themselves to: the graph, and what is known about its parameters.
public struct NetworkBuilder: Sendable {
  public enum Mode: Sendable, Hashable {
    case training, inference
    /// Inference in which dropout stays at work: each run is a draw (Gal and Ghahramani 2016).
    case sampling
  }

  public var graph: Graph
  public let mode: Mode
  /// How the domain goes on beyond its borders, where a layer does not say.
  public let domain: DomainPadding
  public private(set) var parameters: [ParameterDeclaration] = []
  /// Statistics and the values that they get after a training step.
  public private(set) var updates: [(parameter: String, value: Value)] = []
  /// Further outputs beside the last layer's: side heads (deep supervision), with their weight in the loss.
  public private(set) var sideOutputs: [SideOutput] = []
  private var streams: UInt64
  /// What did not fit so far; nil: the first fault ends the building.
  var faults: [GraphError]?
  /// How dense layers become convolutions; nil: they stay what they are.
  public var convolving: Convolving?
  /// Values that stand for the output of a layer that did not fit, and those of which the shape is a guess.
  var assumed = 0
  var guesses: Set<Value> = []

  /// - Parameters:
  ///   - graph: what is built is added to it.
  ///   - streams: the random numbers of the first layer that draws some are the stream behind this one.
  public init(
    _ mode: Mode, domain: DomainPadding = .init(), extending graph: Graph = Graph(), streams: UInt64 = 0
  ) {
    (self.mode, self.domain, self.graph, self.streams) = (mode, domain, graph, streams)
  }

  /// What is built inside has `name` in its path.
  public mutating func scoped<R>(
    _ name: String, _ body: (inout NetworkBuilder) throws(GraphError) -> R
  ) throws(GraphError) -> R {
    let outer = graph.path
    graph.path = outer.isEmpty ? name : outer + "." + name
    defer { graph.path = outer }
    return try body(&self)
  }

  /// A trained parameter of the layer that is being built.
  public mutating func parameter(
    _ name: String, _ extents: [Int], _ initialiser: any Initialiser, fan: Fan? = nil
  ) throws(GraphError) -> Value {
    try declare(name, extents, initialiser, fan, isTrained: true)
  }

  /// A number that training keeps without a gradient (`running_mean`).
  public mutating func statistic(_ name: String, _ extents: [Int], _ initialiser: any Initialiser)
    throws(GraphError) -> Value
  {
    try declare(name, extents, initialiser, nil, isTrained: false)
  }

  private mutating func declare(
    _ name: String, _ extents: [Int], _ initialiser: any Initialiser, _ fan: Fan?, isTrained: Bool
  ) throws(GraphError) -> Value {
    let path = graph.path.isEmpty ? name : graph.path + "." + name
    let shape: Shape
    do { shape = try Shape(extents) } catch { throw GraphError(path: path, error.description, shapes: []) }
    let value = try graph.parameter(path, shape)
    if !parameters.contains(where: { $0.name == path }) {
      parameters.append(
        ParameterDeclaration(
          name: path, shape: shape, initialiser: initialiser, fan: fan ?? Fan(weight: shape),
          isTrained: isTrained))
    }
    return value
  }

  /// The statistic gets that value after each training step.
  public mutating func update(_ name: String, to value: Value) {
    updates.append((graph.path.isEmpty ? name : graph.path + "." + name, value))
  }

  /// - Parameter rebuilds: the channels of the network's input that the output is to be like.
  public mutating func addOutput(_ name: String, _ value: Value, weight: Double, rebuilds: Rebuilding? = nil)
  {
    sideOutputs.append(SideOutput(name: name, value: value, weight: weight, rebuilds: rebuilds))
  }

  /// A number of its own for each layer that draws random numbers.
  public mutating func nextStream() -> UInt64 {
    streams += 1
    return streams
  }

  public func shape(_ value: Value) -> Shape { graph.shape(value) }

  public func error(_ cause: String, _ values: Value...) -> GraphError {
    GraphError(path: graph.path, cause, shapes: values.map(graph.shape))
  }
}

/// Channels of the network's own input, and the error that they are rebuilt with.
public struct Rebuilding: Sendable, Hashable {
  public enum Measure: String, Sendable, Hashable, CaseIterable { case absolute, squared }
  public let channels: Range<Int>
  public let measure: Measure
  public init(_ channels: Range<Int>, _ measure: Measure) {
    (self.channels, self.measure) = (channels, measure)
  }
}

/// A further output beside that of the last layer, with its weight in the loss.
public struct SideOutput: Sendable {
  public let name: String
  public let value: Value
  public let weight: Double
  /// What of the network's input it is compared with; nil: it is compared with the target, by the loss.
  public let rebuilds: Rebuilding?

  public init(name: String, value: Value, weight: Double, rebuilds: Rebuilding? = nil) {
    (self.name, self.value, self.weight, self.rebuilds) = (name, value, weight, rebuilds)
  }
}

/// A parameter as a layer declares it.
public struct ParameterDeclaration: Sendable {
  public let name: String
  public let shape: Shape
  public let initialiser: any Initialiser
  public let fan: Fan
  public let isTrained: Bool

  public init(name: String, shape: Shape, initialiser: any Initialiser, fan: Fan, isTrained: Bool) {
    (self.name, self.shape, self.initialiser) = (name, shape, initialiser)
    (self.fan, self.isTrained) = (fan, isTrained)
  }
}

/// How the field goes on beyond its borders, for convolutions that keep the size. Rows are never joined: the
/// poles are no neighbours.
public struct DomainPadding: Sendable, Hashable {
  public enum Mode: String, Sendable, Hashable, CaseIterable { case zero, replicate, reflect, periodic }
  public var rows: Mode
  public var columns: Mode
  public init(rows: Mode = .zero, columns: Mode = .zero) { (self.rows, self.columns) = (rows, columns) }
}

extension Rebuilding {
  /// The mean error of what was rebuilt.
  func loss(_ value: Value, of input: Value, in graph: inout Graph) throws(GraphError) -> Value {
    let original = try graph.slice(input, axis: 1, channels.lowerBound, channels.upperBound)
    let error = try graph.subtract(value, original)
    return try graph.mean(measure == .absolute ? try graph.absolute(error) : try graph.square(error))
  }
}
