import Basics
import Compute
import Networks
import Tensors

/// What is in a model file: a network, and what the file says of how to apply it, which may be nothing.
public struct StoredModel: Sendable {
  public let path: String
  public let network: ImportedNetwork
  public var metadata: ModelMetadata

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
    try take("base", &result.metadata.base, more.base, ==)
    try take("domain", &result.metadata.domain, more.domain, ==)
    try take("spacing", &result.metadata.spacing, more.spacing, ==)
    try take("loss", &result.metadata.loss, more.loss) {
      $0.configuration.json.text == $1.configuration.json.text
    }
    return result
  }

  /// The shape of an input that the network may fit: what is given [channels, spatial...], what the file says, or 64
  /// cells a side.
  /// - Throws: `ModelError` when nobody knows the channels.
  public func inputExtents(_ given: [Int]?) throws(ModelError) -> [Int] {
    let bound = network.boundExtents
    let batch = (bound.first ?? nil) ?? 1
    if let given { return [batch] + given }
    guard let channels = metadata.inputs?.count ?? (bound.count > 1 ? bound[1] : nil) else {
      throw ModelError(
        .mismatch, path: path, "the model file does not say how many channels go in",
        remedy: "give the shape of its input, as in --input 5x64x64")
    }
    let space = metadata.patch ?? (bound.count > 2 ? bound[2...].map { $0 ?? 64 } : [64, 64])
    return [batch, channels] + space
  }

  /// The model that can be applied, with its numbers; network, channels and numbers belong together.
  /// - Parameter sizes: spatial extents that may fit, for a file that does not say what does.
  /// - Throws: `ModelError` naming what is not known, or does not fit.
  public func trained(sizes: [[Int]] = []) throws(ModelError) -> TrainedModel {
    guard let inputs = metadata.inputs, let outputs = metadata.outputs else {
      let missing = [metadata.inputs == nil ? "`inputs`" : nil, metadata.outputs == nil ? "`outputs`" : nil]
      throw ModelError(
        .mismatch, path: path, "the model file does not say which variables go in and come out",
        remedy: "give \(missing.compactMap(\.self).joined(separator: " and "))")
    }
    if let base = metadata.base, base.count != outputs.count {
      throw ModelError(
        .mismatch, path: path, subject: "residual", "its channels", expected: "\(outputs.count)",
        found: "\(base.count)")
    }
    let (patch, parameters) = try numbers(channels: inputs.count, sizes)
    let isInGraph = metadata.normalisation == .graph
    func plain(_ channels: [ModelChannel]) -> [ModelChannel] {
      isInGraph ? channels.map(\.withoutNormalisation) : channels
    }
    let model = TrainedModel(
      definition: network.withoutNumbers, declaration: metadata.declaration,
      loss: isInGraph ? MeanSquaredError() : metadata.loss ?? MeanSquaredError(),
      domain: metadata.domain ?? DomainPadding(), patch: patch, inputs: plain(inputs),
      outputs: plain(outputs), base: metadata.base, halo: metadata.halo, scaleFactor: metadata.scaleFactor,
      spacing: metadata.spacing, classes: metadata.classes, provenance: metadata.provenance,
      history: metadata.history, parameters: parameters)
    return model
  }

  /// A size that the network fits, and the numbers of the file.
  private func numbers(channels: Int, _ sizes: [[Int]]) throws(ModelError) -> ([Int], Parameters) {
    let bound = network.boundExtents
    let own = bound.count > 2 ? bound[2...].map { $0 ?? 64 } : [64, 64]
    var first: ModelError?
    for size in metadata.patch.map({ [$0] }) ?? [own] + sizes {
      do throws(ModelError) {
        let shape: Shape
        do { shape = try Shape([1, channels] + size) } catch {
          throw ModelError(.mismatch, path: path, error.description)
        }
        return (size, try network.parameters(input: shape))
      } catch {
        first = first ?? error
      }
    }
    throw first ?? ModelError(.mismatch, path: path, "the network fits no size of input")
  }
}
