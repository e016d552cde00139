import Basics
import Compute
import Tensors

/// While faults are collected, building does not end at the first layer that does not fit: the fault is kept, and a
/// value of the shape that the layer declares stands for its output.
extension NetworkBuilder {
  /// Adds a layer as it stands in a declaration.
  mutating func add(_ layer: any Layer, to input: Value) throws(GraphError) -> Value {
    guard faults != nil else { return try layer.apply(input, in: &self) }
    if layer is Unknown { return try assume(shape(input), isKnown: false) }
    let declared = layer.declaredShape(shape(input))
    return try goingOn(from: [input], with: declared) { network throws(GraphError) in
      guard layer is any Model else { return try layer.apply(input, in: &network) }
      // A model is one thing to whom names it: what does not fit inside follows from one fault.
      let others = network.faults
      network.faults = nil
      defer { network.faults = others }
      return try layer.apply(input, in: &network)
    }
  }

  /// Keeps the fault of `body`, unless it may follow from a layer that is not known.
  /// - Parameter declared: the shape that stands for the result; nil: that of the first input, and what it leads to is
  ///   no fault.
  mutating func goingOn(
    from inputs: [Value], with declared: Shape?, _ body: (inout NetworkBuilder) throws(GraphError) -> Value
  ) throws(GraphError) -> Value {
    guard faults != nil else { return try body(&self) }
    do throws(GraphError) { return try body(&self) } catch {
      let isKnown = inputs.allSatisfy(isKnown)
      if isKnown { faults?.append(error) }
      guard let shape = declared ?? inputs.first.map(shape) else { throw error }
      return try assume(shape, isKnown: isKnown && declared != nil)
    }
  }

  /// False when the value is made from one whose shape is a mere guess.
  func isKnown(_ value: Value) -> Bool {
    if guesses.isEmpty { return true }
    let inputs = graph.nodes(for: [value]).flatMap { graph.nodes[$0].call.inputs }
    return guesses.isDisjoint(with: inputs + [value])
  }

  private mutating func assume(_ shape: Shape, isKnown: Bool) throws(GraphError) -> Value {
    assumed += 1
    let value = try graph.input("assumed \(assumed)", shape)
    if !isKnown { guesses.insert(value) }
    return value
  }
}

/// What stands for a layer that could not be decoded, so that the rest of the network can be looked at. No network that
/// is built has it.
struct Unknown: Layer {
  static let declaration = Declaration(name: "unknown", summary: "a layer that there is not", keys: [])
  init() {}
  init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {}
  var keys: [(String, ConfigValue)] { [] }
  func declaredShape(_ input: Shape) -> Shape? { nil }
  func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    throw network.error("the layer is not known", input)
  }
}

extension Decoding {
  /// For a layer with faults: the one that was probably meant, else an unknown one.
  func standIn(for value: ConfigValue) -> any Layer {
    if case .mapping(let entries) = value.content, let entry = entries.first, entries.count == 1,
      let name = Suggestion.nearest(to: entry.key, among: Self.layerNames), name != entry.key
    {
      return Decoding().layer(.mapping([(name, entry.value)])) ?? Unknown()
    }
    if case .scalar(let text, _) = value.content,
      let name = Suggestion.nearest(to: text, among: Self.layerNames), name != text
    {
      return Decoding().layer(.text(name)) ?? Unknown()
    }
    return Unknown()
  }

  private static let layerNames =
    allLayers.map { $0.declaration.name } + allModels.map { $0.declaration.name }
}

extension Shape {
  /// Another number of channels (nil: the same), and another extent for each spatial dimension.
  /// - Returns: nil when there are no channels, or too many elements.
  func with(channels: Int? = nil, _ space: (_ dimension: Int, _ extent: Int) -> Int = { $1 }) -> Shape? {
    guard rank > 1 else { return nil }
    let rest = extents.dropFirst(2).enumerated().map { max(1, space($0.offset, $0.element)) }
    return try? Shape([extents[0], channels ?? extents[1]] + rest)
  }
}

extension Sizes {
  /// The number for a dimension, 1 beyond those that are given.
  subscript(_ dimension: Int) -> Int {
    max(1, numbers.count == 1 ? numbers[0] : dimension < numbers.count ? numbers[dimension] : 1)
  }
}
