import Basics
import Compute
import Tensors

/// What is in a model file: a network, its numbers, and what the file says of how to apply it, which may be nothing.
public struct StoredModel: Sendable {
  public var path: String
  public var definition: any NetworkDefinition
  public var parameters: Parameters
  public var metadata: ModelMetadata

  public init(
    path: String, definition: any NetworkDefinition, parameters: Parameters, metadata: ModelMetadata
  ) {
    (self.path, self.definition) = (path, definition)
    (self.parameters, self.metadata) = (parameters, metadata)
  }

  /// With what the file lacks.
  /// - Throws: `ModelError` when the file says it already, and otherwise.
  public func adding(_ more: ModelMetadata) throws(ModelError) -> StoredModel {
    var result = self
    func take<T>(_ what: String, _ own: inout T?, _ given: T?, _ isSame: (T, T) -> Bool) throws(ModelError) {
      guard let given else { return }
      if let own, !isSame(own, given) {
        throw ModelError(
          .mismatch, path: path, subject: what, "the model file says something else than the pipeline",
          remedy: "leave out `\(what)`: the file knows it")
      }
      own = given
    }
    try take("inputs", &result.metadata.inputs, more.inputs, ==)
    try take("outputs", &result.metadata.outputs, more.outputs, ==)
    try take("residual", &result.metadata.base, more.base, ==)
    try take("domain", &result.metadata.domain, more.domain, ==)
    try take("spacing", &result.metadata.spacing, more.spacing, ==)
    try take("loss", &result.metadata.loss, more.loss) {
      $0.configuration.json.text == $1.configuration.json.text
    }
    return result
  }

  /// The model that can be applied.
  /// - Throws: `ModelError` naming what is not known.
  public func trained() throws(ModelError) -> TrainedModel {
    var missing: [String] = []
    if metadata.inputs == nil { missing.append("inputs") }
    if metadata.outputs == nil { missing.append("outputs") }
    guard let inputs = metadata.inputs, let outputs = metadata.outputs else {
      throw ModelError(
        .mismatch, path: path, subject: nil,
        "the model file does not say which variables go in and come out",
        remedy: "give \(missing.map { "`\($0)`" }.joined(separator: " and ")) in the pipeline")
    }
    let isInGraph = metadata.normalisation == .graph
    func plain(_ channels: [ModelChannel]) -> [ModelChannel] {
      guard isInGraph else { return channels }
      return channels.map { channel in
        var channel = channel
        (channel.transform, channel.mean, channel.deviation) = (.none, 0, 1)
        return channel
      }
    }
    let loss: any Loss = isInGraph ? MeanSquaredError() : metadata.loss ?? MeanSquaredError()
    return TrainedModel(
      definition: definition, declaration: metadata.declaration, loss: loss,
      domain: metadata.domain ?? DomainPadding(), patch: patch, inputs: plain(inputs),
      outputs: plain(outputs), base: metadata.base, halo: metadata.halo, scaleFactor: metadata.scaleFactor,
      spacing: metadata.spacing, classes: metadata.classes, provenance: metadata.provenance,
      history: metadata.history, parameters: parameters)
  }

  /// A size that the network can be built for, to find its reach: that of its training, the one that it is bound
  /// to, or one that many fit.
  private var patch: [Int] {
    if let patch = metadata.patch { return patch }
    let fixed = definition.fixedExtents
    return fixed.isEmpty ? [64, 64] : fixed.map { $0 ?? 64 }
  }
}
