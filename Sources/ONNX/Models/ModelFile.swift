import Basics
import Compute
import Networks
import SwiftProtobuf
import Tensors

/// Model files: the one place that knows how a model is stored. A model is one file of ONNX; what it takes to apply it
/// to data stands in the file's `metadata_props`. What is applied is the file's graph: the declaration beside it is
/// where a training can start from, and is not compared with the graph.
public enum ModelFile {
  /// Reads any model, also those of other programs, whose metadata may be lacking.
  /// - Parameter output: which output is meant; nil: the first.
  /// - Throws: `ModelError` naming what does not fit, what was expected and found.
  public static func open(_ path: String, output: String? = nil) throws(ModelError) -> StoredModel {
    let model = try OnnxModel.read(path)
    return StoredModel(
      path: path, network: try ImportedNetwork(model, output: output),
      metadata: try ModelMetadata(model.metadata, path: path))
  }

  /// Reads a model that can be applied as it is, and checks that network, channels and numbers belong together.
  /// - Throws: `ModelError` naming what does not fit or is not known, what was expected and found.
  public static func read(_ path: String) throws(ModelError) -> TrainedModel {
    let model = try open(path).trained()
    try check(model, path)
    return model
  }

  /// Writes a model: whole or not at all. The same model gives the same bytes.
  /// - Parameter normalisation: whether values become the network's numbers in the graph or outside of it.
  /// - Returns: the file's SHA-256.
  /// - Throws: `FileError` when it cannot be written.
  @discardableResult
  public static func write(
    _ model: TrainedModel, to path: String, normalisation: ModelMetadata.Normalisation = .metadata
  ) throws(FileError) -> String {
    try publish(path) { () throws(ModelError) in
      try encoded(model, path: path, normalisation: normalisation)
    }
  }

  /// Writes a network, with as much of how to apply it as is known.
  /// - Parameter input: the shape of an input that fits.
  /// - Returns: the file's SHA-256.
  /// - Throws: `FileError` when it cannot be written.
  @discardableResult
  public static func write(
    _ definition: any NetworkDefinition, _ parameters: Parameters, metadata: ModelMetadata, input: Shape,
    to path: String
  ) throws(FileError) -> String {
    try publish(path) { () throws(ModelError) in
      try encoded(
        NetworkWriter(path: path) { shape throws(GraphError) in
          .init(
            try definition.network(input: shape, .inference, domain: metadata.domain ?? DomainPadding()))
        }, input, parameters, metadata)
    }
  }

  private static func publish(_ path: String, _ make: () throws(ModelError) -> EncodedModel)
    throws(FileError) -> String
  {
    let model: EncodedModel
    do throws(ModelError) { model = try make() } catch {
      throw FileError(
        .cannotWrite, path: path, subject: error.subject, error.sentence, remedy: error.remedy)
    }
    let file = try TemporaryFile.create(path)
    do throws(FileError) {
      let digest = try model.write(to: file)
      try file.publish()
      return digest
    } catch {
      file.remove()
      throw error
    }
  }

  private static func encoded(
    _ model: TrainedModel, path: String, normalisation: ModelMetadata.Normalisation
  ) throws(ModelError) -> EncodedModel {
    var metadata = ModelMetadata(model)
    metadata.normalisation = normalisation
    let writer = NetworkWriter(path: path) { shape throws(GraphError) in
      let network = try model.definition.network(input: shape, .inference, domain: model.domain)
      return normalisation == .graph ? try model.normalised(network) : .init(network)
    }
    let shape: Shape
    do { shape = try Shape([1, model.inputs.count] + model.patch) } catch {
      throw ModelError(.mismatch, path: path, error.description)
    }
    return try encoded(writer, shape, model.parameters, metadata)
  }

  private static func encoded(
    _ writer: NetworkWriter, _ shape: Shape, _ parameters: Parameters, _ metadata: ModelMetadata
  ) throws(ModelError) -> EncodedModel {
    var (proto, numbers) = try writer.model(shape, parameters, metadata: metadata.properties)
    let program = (metadata.provenance["program"] ?? "").split(separator: " ", maxSplits: 1)
    if program.count == 2, program[0] == "isotach" { proto.producerVersion = String(program[1]) }
    do { return try EncodedModel(proto, numbers) } catch {
      throw ModelError(.unsupported, path: writer.path, "it cannot be written: \(error)")
    }
  }

  private static func check(_ model: TrainedModel, _ path: String) throws(ModelError) {
    let network: Network
    do {
      network = try model.definition.network(
        input: try Shape([1, model.inputs.count] + model.patch), .inference, domain: model.domain)
    } catch {
      throw ModelError(.mismatch, path: path, subject: "network", "\(error)")
    }
    let channels = network.outputShape.rank >= 2 ? network.outputShape.extents[1] : 0
    let wanted = model.outputs.count * model.loss.channelsPerVariable
    guard channels == wanted else {
      throw ModelError(
        .mismatch, path: path, subject: "network", "the channels of its output", expected: "\(wanted)",
        found: "\(channels)", remedy: "say in `outputs` what each channel is")
    }
  }
}
