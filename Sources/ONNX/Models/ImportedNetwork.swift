import Basics
import Compute
import Networks
import Tensors

/// The network of a model file: its graph, made anew for each shape of input. How the field goes on beyond its borders
/// stands in the graph. Of a model with several inputs the channels are those of the first, then those of the next.
public struct ImportedNetwork: NetworkDefinition {
  public private(set) var model: OnnxModel
  /// What goes in, in the order of the file.
  public let inputs: [OnnxModel.Port]
  /// What comes out; the other outputs are side outputs.
  public let output: OnnxModel.Port

  /// - Parameter outputName: nil: the first output.
  /// - Throws: `ModelError` when there is none of that name, or the inputs cannot be the channels of one field.
  public init(_ model: OnnxModel, output outputName: String? = nil) throws(ModelError) {
    self.model = model
    func title(_ port: OnnxModel.Port) -> String { printable(port.name, limit: 60) }
    let outputs = outputName == nil ? model.outputs : model.outputs.filter { $0.name == outputName }
    guard let output = outputs.first else {
      throw ModelError(
        .mismatch, path: model.path, "the model has no output `\(outputName ?? "")`",
        expected: model.outputs.map(title).joined(separator: ", "))
    }
    (inputs, self.output) = (model.inputs, output)
    guard !inputs.isEmpty else {
      throw ModelError(
        .unsupported, path: model.path, "the model has no inputs: it makes the same of any field")
    }
    for input in inputs where input.type?.isFloat != true {
      throw ModelError(
        .unsupported, path: model.path, subject: title(input), "the type of the input", expected: "float",
        found: input.type?.name ?? "another")
    }
    guard inputs.count > 1 else { return }
    for input in inputs {
      guard let extents = input.extents, extents.count >= 3 else {
        throw ModelError(
          .unsupported, path: model.path, subject: title(input),
          "one of \(inputs.count) inputs, whose channels are joined",
          expected: "[batch x channels x rows x columns]", found: input.shapeText)
      }
    }
    guard inputs.count(where: { Self.number($0, 1) == nil }) <= 1 else {
      throw ModelError(
        .unsupported, path: model.path,
        "several inputs with any number of channels: it is not clear which channels are whose",
        remedy: "export the model with fixed numbers of channels")
    }
  }

  private static func number(_ port: OnnxModel.Port, _ axis: Int) -> Int? {
    guard let extents = port.extents, axis < extents.count, case .fixed(let number) = extents[axis] else {
      return nil
    }
    return number
  }

  /// The shape of each input, when all of them together are one field of this shape.
  private func shapes(_ whole: Shape) throws(ModelError) -> [String: Shape] {
    guard inputs.count > 1 else { return [inputs[0].name: whole] }
    let channels = whole.rank > 1 ? whole.extents[1] : 0
    let own = inputs.map { Self.number($0, 1) }
    let fixed = own.reduce(0) { $0 &+ max(0, $1 ?? 0) }
    let rest = channels - fixed
    guard own.contains(nil) ? rest > 0 : rest == 0 else {
      throw ModelError(
        .mismatch, path: model.path, "the channels of the model's \(inputs.count) inputs",
        expected: inputs.map { "\(printable($0.name, limit: 60)) \($0.shapeText)" }.joined(separator: ", "),
        found: "\(channels)")
    }
    var shapes: [String: Shape] = [:]
    for (input, number) in zip(inputs, own) {
      var extents = whole.extents
      extents[1] = number ?? rest
      do { shapes[input.name] = try Shape(extents) } catch {
        throw ModelError(.mismatch, path: model.path, error.description)
      }
    }
    return shapes
  }

  /// The same network for whoever holds its numbers already.
  var withoutNumbers: ImportedNetwork {
    var copy = self
    copy.model = model.withoutNumbers
    return copy
  }

  public var boundExtents: [Int?] {
    let rank = inputs.map { $0.extents?.count ?? 0 }.max() ?? 0
    return (0..<rank).map { axis in
      let numbers = inputs.map { Self.number($0, axis) }
      guard axis == 1 else { return numbers.lazy.compactMap(\.self).first }
      return numbers.contains(nil) ? nil : numbers.reduce(0) { $0 &+ ($1 ?? 0) }
    }
  }

  /// The numbers of the file.
  /// - Throws: `ModelError` with the node and the shapes when the model does not fit an input of this shape.
  public func parameters(input shape: Shape) throws(ModelError) -> Parameters {
    try model.graph(shapes(shape)).parameters()
  }

  public func network(input shape: Shape, _ mode: NetworkBuilder.Mode, domain: DomainPadding)
    throws(GraphError) -> Network
  {
    let imported: OnnxGraph
    do { imported = try model.graph(shapes(shape)) } catch {
      throw GraphError(path: error.subject ?? "", error.sentence, shapes: [])
    }
    let (graph, input, made) = try joined(imported, shape)
    guard let place = imported.outputs.firstIndex(where: { $0.name == output.name }) else {
      throw GraphError(path: "", "the model has lost its output", shapes: [])
    }
    // Statistics that a normalisation is given: they are kept as they are.
    var statistics: Set<Value> = []
    for node in graph.nodes where node.op is BatchNormalization {
      statistics.formUnion(node.call.inputs.dropFirst(3))
    }
    var parameters: [ParameterDeclaration] = []
    let used = Set(graph.nodes(for: made).flatMap { graph.nodes[$0].call.inputs } + made)
    for value in graph.values where used.contains(value) {
      guard case .parameter(let name) = graph.origin(value) else { continue }
      parameters.append(
        ParameterDeclaration(
          name: name, shape: graph.shape(value), initialiser: Zeros(), fan: Fan(weight: graph.shape(value)),
          isTrained: !statistics.contains(value)))
    }
    return Network(
      graph: graph, input: input, output: made[place], outputName: output.name,
      sideOutputs: zip(imported.outputs, made).filter { $0.0.name != output.name }.map {
        SideOutput(name: $0.0.name, value: $0.1, weight: 0)
      },
      parameters: parameters, mode: mode)
  }

  /// The graph with one input, and the outputs in it.
  private func joined(_ imported: OnnxGraph, _ shape: Shape) throws(GraphError)
    -> (graph: Graph, input: Value, outputs: [Value])
  {
    let outputs = imported.outputs.map(\.value)
    if imported.inputs.count == 1, let input = imported.inputs.first {
      return (imported.graph, input.value, outputs)
    }
    var graph = Graph()
    let names = Set(imported.inputs.map(\.name) + imported.outputs.map(\.name))
    let whole = try graph.input(names.contains("input") ? "inputs" : "input", shape)
    var parts: [Value: Value] = [:]
    var start = 0
    for port in imported.inputs {
      let extents = imported.shape(port).extents
      let end = start + (extents.count > 1 ? extents[1] : 0)
      parts[port.value] = try graph.one(Slice(axis: 1, start, end), whole)
      start = end
    }
    let made = try graph.append(imported.graph, replacing: parts, for: outputs)
    return (graph, whole, made)
  }
}
