import Basics
import Compute
import Networks
import Tensors

/// The network of a model file: its graph, made anew for each shape of input. How the field goes on beyond its borders
/// stands in the graph.
public struct ImportedNetwork: NetworkDefinition {
  public private(set) var model: OnnxModel
  /// What goes in.
  public let input: OnnxModel.Port
  /// What comes out; the other outputs are side outputs.
  public let output: OnnxModel.Port

  /// - Parameters:
  ///   - inputName: nil: the only input of the model.
  ///   - outputName: nil: the first output.
  /// - Throws: `ModelError` when there is none of that name, or the choice is not clear.
  public init(_ model: OnnxModel, input inputName: String? = nil, output outputName: String? = nil)
    throws(ModelError)
  {
    func list(_ ports: [OnnxModel.Port]) -> String {
      ports.map { printable($0.name, limit: 60) }.joined(separator: ", ")
    }
    self.model = model
    let inputs = inputName == nil ? model.inputs : model.inputs.filter { $0.name == inputName }
    guard inputs.count == 1, let input = inputs.first else {
      throw ModelError(
        .unsupported, path: model.path,
        inputName.map { "the model has no input `\($0)`" } ?? "the inputs of the model", expected: "one",
        found: list(model.inputs),
        remedy:
          "a field is applied as one tensor [batch, channels, rows, columns]: join the inputs before export")
    }
    let outputs = outputName == nil ? model.outputs : model.outputs.filter { $0.name == outputName }
    guard let output = outputs.first else {
      throw ModelError(
        .mismatch, path: model.path, "the model has no output `\(outputName ?? "")`",
        expected: list(model.outputs))
    }
    (self.input, self.output) = (input, output)
    guard input.type?.isFloat == true else {
      throw ModelError(
        .unsupported, path: model.path, subject: printable(input.name, limit: 60), "the type of the input",
        expected: "float", found: input.type?.name ?? "another")
    }
  }

  /// The same network for whoever holds its numbers already.
  var withoutNumbers: ImportedNetwork {
    var copy = self
    copy.model = model.withoutNumbers
    return copy
  }

  public var boundExtents: [Int?] {
    (input.extents ?? []).map { if case .fixed(let number) = $0 { number } else { nil } }
  }

  /// The numbers of the file.
  /// - Throws: `ModelError` with the node and the shapes when the model does not fit an input of this shape.
  public func parameters(input shape: Shape) throws(ModelError) -> Parameters {
    try model.graph([input.name: shape]).parameters()
  }

  public func network(input shape: Shape, _ mode: NetworkBuilder.Mode, domain: DomainPadding)
    throws(GraphError) -> Network
  {
    let imported: OnnxGraph
    do { imported = try model.graph([input.name: shape]) } catch {
      throw GraphError(path: error.subject ?? "", error.sentence, shapes: [])
    }
    guard let input = imported.inputs.first(where: { $0.name == input.name }),
      let output = imported.outputs.first(where: { $0.name == output.name })
    else { throw GraphError(path: "", "the model has lost its input or output", shapes: []) }
    let graph = imported.graph
    // Statistics that a normalisation is given: they are kept as they are.
    var statistics: Set<Value> = []
    for node in graph.nodes where node.op is BatchNormalization {
      statistics.formUnion(node.call.inputs.dropFirst(3))
    }
    var parameters: [ParameterDeclaration] = []
    let wanted = imported.outputs.map(\.value)
    let used = Set(graph.nodes(for: wanted).flatMap { graph.nodes[$0].call.inputs } + wanted)
    for value in graph.values where used.contains(value) {
      guard case .parameter(let name) = graph.origin(value) else { continue }
      parameters.append(
        ParameterDeclaration(
          name: name, shape: graph.shape(value), initialiser: Zeros(), fan: Fan(weight: graph.shape(value)),
          isTrained: !statistics.contains(value)))
    }
    return Network(
      graph: graph, input: input.value, output: output.value, outputName: output.name,
      sideOutputs: imported.outputs.filter { $0.name != output.name }.map { ($0.name, $0.value, 0) },
      parameters: parameters, mode: mode)
  }
}
