import Basics
import Compute
import Tensors

/// A network as it is declared: what YAML, the result builder and a model file say alike.
public struct NetworkSpec: Sendable {
  public let root: any Layer
  public init(_ root: any Layer) { self.root = root }
  public init(@LayerBuilder _ layers: () -> [any Layer]) { root = Block(layers()) }

  /// From YAML (`unet`, `{unet: {...}}`, a list of layers) or JSON.
  /// - Throws: `SpecFaults` with everything that is wrong.
  public init(_ value: ConfigValue) throws(SpecFaults) {
    let decoding = Decoding()
    let layer = decoding.layer(value)
    guard decoding.faults.isEmpty, let layer else { throw SpecFaults(decoding.faults) }
    root = layer
  }

  public var configuration: ConfigValue { root.configuration }

  /// The graph for inputs of one shape.
  /// - Parameter input: [batch, channels, spatial...].
  /// - Throws: `GraphError` naming the layer and the shapes that do not fit.
  public func network(input shape: Shape, _ mode: NetworkBuilder.Mode, domain: DomainPadding = .init())
    throws(GraphError) -> Network
  {
    var builder = NetworkBuilder(mode, domain: domain)
    return try build(shape, &builder).network
  }

  /// Everything that does not fit for inputs of one shape. Behind a layer that does not fit the search goes on with the
  /// shape that the layer declares.
  /// - Returns: the faults with the layer and the shapes, none when the network can be built; and the shape of its
  ///   output, as far as the declaration says it.
  public func faults(input shape: Shape, domain: DomainPadding = .init()) -> (
    list: [GraphError], output: Shape?
  ) {
    var builder = NetworkBuilder(.training, domain: domain)
    builder.faults = []
    do throws(GraphError) {
      let (network, isKnown) = try build(shape, &builder)
      return (builder.faults ?? [], isKnown ? network.outputShape : nil)
    } catch {
      return ((builder.faults ?? []) + [error], nil)
    }
  }

  private func build(_ shape: Shape, _ builder: inout NetworkBuilder) throws(GraphError) -> (
    network: Network, isKnown: Bool
  ) {
    let input = try builder.graph.input("input", shape)
    let output = try builder.add(root, to: input)
    let network = Network(
      graph: builder.graph, input: input, output: output, sideOutputs: builder.sideOutputs,
      parameters: builder.parameters, updates: builder.updates, mode: builder.mode)
    return (network, builder.isKnown(output))
  }
}

/// Everything that is wrong with a declaration.
public struct SpecFaults: Error, Sendable, CustomStringConvertible {
  public let list: [PlanError]
  public init(_ list: [PlanError]) { self.list = list }
  public var description: String { list.map(\.description).joined(separator: "; ") }
}

/// A network for inputs of one shape: a graph and what its parameters are.
public struct Network: Sendable {
  public var graph: Graph
  public let input: Value
  public let output: Value
  /// What the output is called in a file.
  public let outputName: String
  /// Side heads and their weights in the loss (deep supervision); the output itself counts 1.
  public let sideOutputs: [SideOutput]
  public let parameters: [ParameterDeclaration]
  public let updates: [(parameter: String, value: Value)]
  public let mode: NetworkBuilder.Mode

  public init(
    graph: Graph, input: Value, output: Value, outputName: String = "output",
    sideOutputs: [SideOutput] = [],
    parameters: [ParameterDeclaration], updates: [(parameter: String, value: Value)] = [],
    mode: NetworkBuilder.Mode
  ) {
    (self.graph, self.input, self.output, self.outputName) = (graph, input, output, outputName)
    self.sideOutputs = sideOutputs
    (self.parameters, self.updates, self.mode) = (parameters, updates, mode)
  }

  public var inputShape: Shape { graph.shape(input) }
  public var outputShape: Shape { graph.shape(output) }
  /// Numbers that are trained.
  public var parameterCount: Int { parameters.reduce(0) { $0 + ($1.isTrained ? $1.shape.count : 0) } }

  /// Parameters and statistics in one layout, in the order of the layers.
  public func layout() throws(ShapeError) -> ParameterLayout {
    try ParameterLayout(parameters.map { ($0.name, $0.shape) })
  }

  /// New numbers: each parameter from a stream of its own, so that another layer changes nothing for it.
  public func initialParameters(seed: UInt64) throws(ShapeError) -> Parameters {
    let result = try Parameters(try layout())
    for declaration in parameters {
      guard let tensor = result[declaration.name] else { continue }
      var stream = RandomStream(seed: seed, stream: Self.stream(declaration.name))
      declaration.initialiser.fill(tensor, fan: declaration.fan, &stream)
    }
    return result
  }

  /// FNV-1a of the path.
  private static func stream(_ path: String) -> UInt64 {
    path.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
