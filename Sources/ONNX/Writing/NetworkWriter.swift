import Basics
import Compute
import Networks
import Tensors

/// A network as a model of ONNX, for inputs of any size that it fits: an extent gets a name instead of a number when the
/// nodes do not depend on it, which is seen by writing the network for another extent too.
struct NetworkWriter {
  /// The version of the operators that nodes are written for.
  static let opset: Int64 = 21
  /// The version of the file format that belongs to it.
  static let irVersion: Int64 = 10

  /// The graph for inputs of one shape.
  struct Built {
    let graph: Graph
    let input: Value
    let outputs: [(name: String, value: Value)]
  }

  let path: String
  /// - Throws: `GraphError` when the network does not fit inputs of this shape.
  let build: (Shape) throws(GraphError) -> Built

  /// - Parameters:
  ///   - shape: of an input that fits.
  ///   - parameters: the numbers; those that the graph does not use are left out.
  /// - Returns: the model without the numbers of its parameters, and these.
  func model(_ shape: Shape, _ parameters: Parameters, metadata: [(name: String, text: String)])
    throws(ModelError) -> (model: Onnx_ModelProto, parameters: [(name: String, numbers: Operand<Float>)])
  {
    let base: Built
    do { base = try build(shape) } catch {
      throw ModelError(
        .mismatch, path: path, subject: error.path.isEmpty ? nil : error.path,
        GraphError(path: "", error.cause, shapes: error.shapes).description)
    }
    let written = try WrittenGraph(base.graph, outputs: base.outputs, path: path)
    let (names, other) = try symbols(shape, base, written)

    var graph = Onnx_GraphProto()
    graph.name = "network"
    graph.node = written.nodes
    graph.initializer = written.constants
    var bytes = 0
    var stored: [(name: String, numbers: Operand<Float>)] = []
    for parameter in written.parameters {
      let name = parameter.name
      guard let numbers = parameters[name] else {
        throw ModelError(.mismatch, path: path, subject: name, "the network's parameter has no numbers")
      }
      guard parameter.shape == numbers.shape else {
        throw ModelError(
          .mismatch, path: path, subject: name, "the shape of the parameter", expected: "\(parameter.shape)",
          found: "\(numbers.shape)")
      }
      bytes += numbers.count * 4
      guard bytes < OnnxFile.largest - (64 << 20) else {
        throw ModelError(
          .unsupported, path: path, "the numbers do not fit in one file of ONNX",
          expected: "less than \(OnnxFile.largest) bytes", found: "\(bytes)")
      }
      stored.append((name, numbers))
    }
    graph.input = [
      Self.port(base.name(base.input), shape.extents.enumerated().map { names[$0] ?? .number($1) })
    ]
    graph.output = base.outputs.enumerated().map { position, output in
      let extents = base.graph.shape(output.value).extents
      let varied = other.map { $0.graph.shape($0.outputs[position].value).extents } ?? extents
      return Self.port(
        output.name,
        extents.indices.map { dimension in
          Self.extent(
            extents[dimension], varied[dimension],
            shape.extents.indices.compactMap { own in
              guard case .name(let name)? = names[own], let other else { return nil }
              return (name, shape.extents[own], other.graph.shape(other.input).extents[own])
            }, otherwise: "\(output.name)_\(dimension)")
        })
    }
    var model = Onnx_ModelProto()
    model.irVersion = Self.irVersion
    var opset = Onnx_OperatorSetIdProto()
    opset.version = Self.opset
    model.opsetImport = [opset]
    model.producerName = "isotach"
    model.graph = graph
    model.metadataProps = metadata.map { entry in
      var property = Onnx_StringStringEntryProto()
      (property.key, property.value) = (entry.name, entry.text)
      return property
    }
    return (model, stored)
  }

  private enum Extent {
    case number(Int)
    case name(String)
  }

  /// The input's dimensions that may have any extent, and the network with all of them changed.
  private func symbols(_ shape: Shape, _ base: Built, _ written: WrittenGraph) throws(ModelError)
    -> (names: [Int: Extent], other: Built?)
  {
    let spatial = ["depth", "height", "width"].suffix(max(0, min(3, shape.rank - 2)))
    let titles = ["N", nil] + spatial.map { Optional($0) }
    var names: [Int: Extent] = [:]
    var all = shape.extents
    for dimension in shape.extents.indices where dimension < titles.count {
      guard let title = titles[dimension] else { continue }
      let step = dimension == 0 ? 1 : base.graph.sizeDivisor(dimension: shape.rank - dimension)
      var extents = shape.extents
      let (sum, overflow) = extents[dimension].addingReportingOverflow(step)
      guard !overflow else { continue }
      extents[dimension] = sum
      guard let other = built(extents),
        let same = try? WrittenGraph(other.graph, outputs: other.outputs, path: path), same == written
      else { continue }
      names[dimension] = .name(title)
      all[dimension] = extents[dimension]
    }
    return (names, names.isEmpty ? nil : built(all))
  }

  private func built(_ extents: [Int]) -> Built? {
    guard let shape = try? Shape(extents) else { return nil }
    return try? build(shape)
  }

  /// What to call an extent of an output that is `first` for the one input and `second` for the other.
  private static func extent(
    _ first: Int, _ second: Int, _ inputs: [(name: String, first: Int, second: Int)], otherwise: String
  ) -> Extent {
    guard first != second else { return .number(first) }
    if let same = inputs.first(where: { $0.first == first && $0.second == second }) {
      return .name(same.name)
    }
    for input in inputs where input.first > 0 && first % input.first == 0 {
      let factor = first / input.first
      if input.second * factor == second { return .name("\(factor)*\(input.name)") }
    }
    return .name(otherwise)
  }

  private static func port(_ name: String, _ extents: [Extent]) -> Onnx_ValueInfoProto {
    var port = Onnx_ValueInfoProto()
    port.name = name
    port.type.tensorType.elemType = ElementType.float32.rawValue
    port.type.tensorType.shape.dim = extents.map { extent in
      var dimension = Onnx_TensorShapeProto.Dimension()
      switch extent {
      case .number(let number): dimension.dimValue = Int64(number)
      case .name(let name): dimension.dimParam = name
      }
      return dimension
    }
    return port
  }
}

extension NetworkWriter.Built {
  /// The network as it is, with its side outputs.
  init(_ network: Network) {
    self.init(
      graph: network.graph, input: network.input,
      outputs: [(network.outputName, network.output)] + network.sideOutputs.map { ($0.name, $0.value) })
  }

  func name(_ input: Value) -> String {
    if case .input(let name) = graph.origin(input) { name } else { "input" }
  }
}
