import Basics
import Compute
import Tensors

/// Model files: the one place that knows how a model is stored.
public enum ModelFile {
  /// Reads a model, and checks that network, channels and numbers belong together.
  /// - Throws: `ModelError` naming what does not fit, what was expected and found.
  public static func read(_ path: String) throws(ModelError) -> TrainedModel {
    let file = try SafeTensorsFile.open(path)
    let metadata = try ModelMetadata(
      file.header.metadata, path: path)
    guard let spec = metadata.declaration else {
      throw ModelError(
        .unsupported, path: path, "this is no model file", expected: "the format \(ModelMetadata.format)",
        found: "no network")
    }
    let empty: Parameters
    do { empty = try Parameters(try ParameterLayout([])) } catch {
      throw ModelError(.inputOutput, path: path, error.description)
    }
    var model = try StoredModel(path: path, definition: spec, parameters: empty, metadata: metadata).trained()
    model.parameters = try parameters(of: model, file)
    return model
  }

  /// Writes a model: whole or not at all.
  /// - Returns: the file's SHA-256.
  /// - Throws: `FileError` when it cannot be written.
  @discardableResult
  public static func write(_ model: TrainedModel, to path: String) throws(FileError) -> String {
    var writer = SafeTensorsWriter()
    for (key, text) in ModelMetadata(model).properties { writer.set(key, text) }
    do throws(ModelError) { try writer.add(model.parameters, prefix: "") } catch {
      throw FileError(.cannotWrite, path: path, subject: error.subject, error.sentence)
    }
    return try writer.write(to: path)
  }

  /// The numbers of the file for the network that the file declares.
  private static func parameters(of model: TrainedModel, _ file: SafeTensorsFile) throws(ModelError)
    -> Parameters
  {
    let network: Network
    let result: Parameters
    do {
      network = try model.definition.network(
        input: TrainedModel.shape(1, model.inputs.count, model.patch), .inference, domain: model.domain)
      result = try Parameters(try network.layout())
    } catch {
      throw ModelError(.mismatch, path: file.path, subject: "network", "\(error)")
    }
    try model.check(network, path: file.path)
    try result.read(file, prefix: "")
    if let extra = file.tensors.first(where: { result.layout[$0.name] == nil }) {
      throw ModelError(
        .mismatch, path: file.path, subject: printable(extra.name, limit: 200),
        "the network has no such parameter")
    }
    return result
  }
}

extension TrainedModel {
  /// - Throws: `ModelError` when the network makes another number of channels than the model predicts.
  package func check(_ network: Network, path: String) throws(ModelError) {
    let channels = network.outputShape.rank >= 2 ? network.outputShape.extents[1] : 0
    let wanted = outputs.count * loss.channelsPerVariable
    guard channels == wanted else {
      throw ModelError(
        .mismatch, path: path, subject: "network", "the channels of its output", expected: "\(wanted)",
        found: "\(channels)")
    }
  }
}
