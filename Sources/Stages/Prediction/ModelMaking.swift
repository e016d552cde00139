import Basics
import Grids
import Networks
import ONNX
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// A computation that makes a model file: what other stages may know of the model before it is made.
protocol ModelMaking: Computation {
  /// Where the model will be when the node has been computed.
  var modelPath: String { get }
  /// The model as it will be: network, channels (their means and deviations are not known yet), base, domain. Its
  /// parameters are not there.
  var plannedModel: TrainedModel { get }
}

/// Where a model comes from.
enum ModelSource: Sendable {
  /// A file that is there already, read at once.
  case file(path: String, model: TrainedModel, digest: String)
  /// A stage above makes it; the key is that of a late attribute with the file's digest.
  case stage(path: String, planned: TrainedModel, digestKey: String)

  /// The model that a stage's `model` names.
  /// - Parameter read: reads it, when that is a file.
  /// - Throws: `PlanError` at `model`.
  init(
    _ inputs: StageInputs, _ graph: ComputationGraph, _ arguments: Arguments,
    read: (String) throws(ModelError) -> TrainedModel
  ) throws(PlanError) {
    if let stream = inputs["model"] {
      guard let maker = graph.computation(stream.node) as? any ModelMaking else {
        throw PlanError(
          "`\(stream.name)` makes no model", at: stream.mark, remedy: "name a `train` stage, or a model file")
      }
      self = .stage(
        path: maker.modelPath, planned: maker.plannedModel, digestKey: Self.digestKey(stream.node))
      return
    }
    guard let path = arguments.path("model") else {
      throw PlanError("`model` is missing", at: arguments.mark)
    }
    do throws(ModelError) {
      self = .file(path: path, model: try read(path), digest: try Self.digest(path))
    } catch {
      throw PlanError(
        "\(path): \(error.subject.map { "\($0): " } ?? "")\(error.sentence)", at: arguments.mark("model"),
        remedy: error.remedy)
    }
  }

  /// What is known before the run.
  var known: TrainedModel {
    switch self {
    case .file(_, let model, _): model
    case .stage(_, let planned, _): planned
    }
  }

  /// The name of the file and its digest, or the place where that goes.
  var title: String {
    switch self {
    case .file(let path, _, let digest): "\(Self.name(path)) (sha256 \(digest))"
    case .stage(let path, _, let key): "\(Self.name(path)) (sha256 \(LateAttribute.place(key)))"
    }
  }

  /// How many of the bytes of its numbers are not in memory yet.
  func bytesToLoad(_ bytes: Int) -> Int {
    switch self {
    case .file: 0
    case .stage: bytes
    }
  }

  /// The model with its parameters.
  func load() throws(StageError) -> TrainedModel {
    switch self {
    case .file(_, let model, _) where model.parameters.isComplete: return model
    case .file(let path, let known, _):
      // Its numbers were given back to the system.
      var model = known
      do {
        let shape = try Shape([1, known.inputs.count] + known.patch)
        model.parameters = try ModelFile.open(path).network.parameters(input: shape)
      } catch {
        throw StageError("\(path): its numbers cannot be read again: \(error)")
      }
      guard model.parameters.layout == known.parameters.layout else {
        throw StageError(
          "\(path): the model is not the one that was read at first",
          remedy: "did another process write it meanwhile?")
      }
      return model
    case .stage(let path, let planned, _):
      var model = planned
      do throws(ModelError) {
        // The network is the planned one; wherever the file has the normalisation, here it lies outside.
        let stored = try ModelFile.open(path)
        model.parameters = try stored.trained().parameters
        model.inputs = stored.metadata.inputs ?? []
        model.outputs = stored.metadata.outputs ?? []
      } catch {
        throw StageError("\(error)", subject: error.subject, remedy: error.remedy)
      }
      guard model.inputs.map(\.title) == planned.inputs.map(\.title),
        model.outputs.map(\.title) == planned.outputs.map(\.title)
      else {
        throw StageError(
          "\(path): the model is not the one that was planned",
          remedy: "did another process write it meanwhile?")
      }
      return model
    }
  }

  /// The SHA-256 of a file.
  static func digest(_ path: String) throws(ModelError) -> String {
    guard let file = fopen(path, "rb") else {
      throw ModelError(.inputOutput, path: path, SystemReason.text(errno))
    }
    defer { fclose(file) }
    var hash = SHA256()
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&bytes, 1, bytes.count, file), count > 0 {
      bytes.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
    }
    guard ferror(file) == 0 else { throw ModelError(.inputOutput, path: path, "it cannot be read") }
    return SHA256.hex(hash.digest())
  }

  private static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The key under which a node that makes a model reports the digest of its file.
  static func digestKey(_ node: NodeID) -> String { "model.\(node.index)" }
}
