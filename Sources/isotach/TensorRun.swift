import Basics
import Compute
import Foundation
import GridFiles
import Grids
import Inspection
import Networks
import ONNX
import Tensors

/// A model applied to the variables of a file that bear the names of its inputs and have as many dimensions: whole tensors,
/// with no meaning but their shapes. Outputs go to a file under their own names.
struct TensorRun {
  let model: OnnxModel
  let source: SourceFile
  /// For each input of the model the variable.
  private let variables: [String: Variable]

  /// nil when the file has not got such a variable for each input.
  init?(_ model: OnnxModel, _ source: SourceFile) {
    var variables: [String: Variable] = [:]
    for input in model.inputs {
      guard let variable = source.header.root.variables.first(where: { $0.name == input.name }),
        variable.extents.count == input.extents?.count, !variable.extents.isEmpty
      else { return nil }
      variables[input.name] = variable
    }
    guard !variables.isEmpty else { return nil }
    (self.model, self.source, self.variables) = (model, source, variables)
  }

  /// - Returns: how many numbers of each output are finite, and the range of these, a line each.
  /// - Throws: `ModelError`, `FileError`, `GridError`.
  func run(
    to target: String?, threads: Int, memory: Int, precision: LayoutOptions.Precision, program: String
  ) async throws -> [String] {
    var shapes: [String: Shape] = [:]
    for (name, variable) in variables {
      do { shapes[name] = try Shape(variable.extents) } catch {
        throw ModelError(.mismatch, path: source.header.path, subject: name, error.description)
      }
    }
    // Shapes and memory are checked before numbers are read.
    let graph = try model.graph(shapes)
    let runner = try OnnxRun(
      graph, threads: threads, memory: memory, layouts: LayoutOptions(precision: precision))
    var numbers: [String: [Double]] = [:]
    for (name, variable) in variables { numbers[name] = try await read(variable) }
    let results = try runner.run(numbers)
    if let target {
      try await write(
        graph, results, to: target,
        provenance: "\(program), \(model.path)\(precision.provenance)")
    }
    return graph.outputs.map { port in
      let finite = (results[port.name] ?? []).filter(\.isFinite)
      let range = finite.isEmpty ? "no finite numbers" : "\(finite.min() ?? 0) to \(finite.max() ?? 0)"
      return "\(port.name.escapedForDisplay) \(graph.shape(port)): \(range)"
    }
  }

  private func read(_ variable: Variable) async throws -> [Double] {
    let isNetCDF = if case .hdf5 = source.header.format { false } else { true }
    let packing = try Packing(variable.type, variable.attributes, usesDefaultFill: isNetCDF).decoding
    return try await source.readDoubles(variable).map { packing.value($0) }
  }

  /// Axes that are as long as those of an input bear their names, and have their coordinates.
  private func write(_ graph: OnnxGraph, _ results: [String: [Double]], to target: String, provenance: String)
    async throws
  {
    var definition = FileDefinition(attributes: [
      Attribute("title", "result of a model"), Attribute("source", provenance),
    ])
    let known = model.inputs.compactMap { variables[$0.name]?.dimensions }
    var coordinates: [Variable] = []
    func dimension(_ axis: Int, _ extent: Int, _ output: String) -> String {
      let same = known.lazy.compactMap { axis < $0.count && $0[axis].length == extent ? $0[axis] : nil }.first
      let name = same?.name ?? "\(output)_d\(axis)"
      if !definition.dimensions.contains(where: { $0.name == name }) {
        definition.dimensions.append(Dimension(name: name, length: extent))
        if same != nil, let own = coordinate(name) { coordinates.append(own) }
      }
      return name
    }
    var names: [(variable: String, port: OnnxGraph.Port)] = []
    for port in graph.outputs {
      let name = ModelRun.variableName(port.name)
      let dimensions = graph.shape(port).extents.enumerated().map { dimension($0, $1, name) }
      definition.variables.append(
        VariableDefinition(
          name: name, type: .float32, dimensions: dimensions, fill: .float32([1e20])))
      names.append((name, port))
    }
    for own in coordinates where !definition.variables.contains(where: { $0.name == own.name }) {
      definition.variables.append(
        VariableDefinition(
          name: own.name, type: .float64, dimensions: [own.name],
          attributes: own.attributes.filter {
            ["standard_name", "long_name", "units", "axis", "calendar", "positive"].contains($0.name)
          }))
    }
    let output = try await OutputFile.create(target, definition, inputs: [source.header.identity])
    do {
      for (name, port) in names {
        let values = (results[port.name] ?? []).map { $0.isNaN ? 1e20 : $0 }
        let extents = graph.shape(port).extents
        try await output.write(name, values, start: extents.map { _ in 0 }, count: extents)
      }
      for own in coordinates where names.allSatisfy({ $0.variable != own.name }) {
        try await output.write(own.name, try await read(own), start: [0], count: own.extents)
      }
      try await output.publish()
    } catch {
      await output.discard()
      throw error
    }
  }

  /// The numbers along a dimension, when the file has them and they are numbers.
  private func coordinate(_ name: String) -> Variable? {
    source.header.root.variables.first {
      $0.name == name && $0.dimensions.map(\.name) == [name] && $0.type.isNumeric
    }
  }
}
