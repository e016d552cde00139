import ArgumentParser
import Basics
import Compute
import GridFiles
import Networks
import ONNX
import Pipelines
import Tensors

struct ModelConvert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Convert between model files, weights of PyTorch and declared networks.",
    discussion: """
      From an ONNX file to safetensors: the numbers under the names that PyTorch has for them (a state_dict). From a \
      declared network (of `isotach model list`, or a YAML file) to ONNX: with the numbers of --weights, or new \
      ones of --seed. From safetensors to ONNX: the network is given by --network. From ONNX to ONNX: written anew, \
      with other numbers (--weights), or with the normalisation in the graph or beside it. The target's ending \
      says what is made: .onnx or .safetensors.

      Exit codes: 0 done; 64 wrong usage; 65 a file is damaged or its numbers do not fit the network; 66 a file is \
      missing; 73 the target cannot be written; 78 the network is wrong.
      """)

  @Argument(
    help: "An ONNX or safetensors file, a network of the zoo, or a YAML file with one.", completion: .file())
  var source: String
  @Argument(help: "The file that is made: .onnx or .safetensors.", completion: .file()) var target: String
  @Option(help: "The network that weights belong to: of the zoo, or a YAML file.") var network: String?
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Give a key of the network a value.", valueName: "key=value"))
  var settings: [String] = []
  @Option(
    help: ArgumentHelp("A file with the numbers: safetensors or ONNX.", valueName: "file"),
    completion: .file())
  var weights: String?
  @Option(help: ArgumentHelp("New numbers instead, made from this number.", valueName: "n")) var seed: UInt64?
  @Option(
    help: ArgumentHelp(
      "Channels, rows and columns of an input that fits. [default: what the file says, or a published size]",
      valueName: "5x64x64"))
  var input: String?
  @Option(
    help: ArgumentHelp(
      "Where values become the network's numbers: beside the graph, or in it.", valueName: "metadata|graph"))
  var normalisation: String?

  func validate() throws {
    for setting in settings where !setting.contains("=") {
      throw ValidationError("--set needs key=value, found `\(setting)`")
    }
    if let input, ModelSummary.extents(input) == nil {
      throw ValidationError("--input needs channels and up to 3 sizes such as 5x64x64, found `\(input)`")
    }
    if let normalisation, ModelMetadata.Normalisation(rawValue: normalisation) == nil {
      throw ValidationError("--normalisation is `metadata` or `graph`, found `\(normalisation)`")
    }
    guard target.hasSuffix(".onnx") || target.hasSuffix(".safetensors") else {
      throw ValidationError("the target ends in .onnx or .safetensors, found `\(target)`")
    }
    if weights != nil, seed != nil { throw ValidationError("--weights and --seed exclude each other") }
  }

  private var extents: [Int]? { input.flatMap(ModelSummary.extents) }

  func run() throws {
    do {
      if source.hasSuffix(".onnx") {
        try fromModel()
      } else {
        try fromDeclaration()
      }
    } catch let faults as Faults {
      Output.complain(faults.description)
      throw ExitCode(faults.code.rawValue)
    }
    Output.print(target.escapedForDisplay)
  }

  // MARK: - A model file

  private func fromModel() throws {
    for (option, value) in [
      ("--network", network), ("--seed", seed.map { "\($0)" }), ("--set", settings.first),
    ]
    where value != nil {
      throw ValidationError("\(option) is for declared networks, and \(source) has its own")
    }
    let stored = try ModelFile.open(source)
    let shape = try Shape(stored.inputExtents(extents))
    let own = try stored.network.parameters(input: shape)
    let numbers = try weights.map { try replaced(own, $0, shape) } ?? own
    if target.hasSuffix(".safetensors") {
      if normalisation != nil { throw ValidationError("--normalisation is for ONNX files") }
      try ModelWeights.write(numbers, to: target)
      return
    }
    let wanted = normalisation.flatMap(ModelMetadata.Normalisation.init(rawValue:))
    guard let wanted, wanted != stored.metadata.normalisation else {
      try ModelFile.write(
        stored.network, numbers, metadata: stored.metadata, input: shape, to: target)
      return
    }
    guard stored.metadata.normalisation == .metadata else {
      throw ModelError(
        .unsupported, path: source, "the normalisation is part of the graph and cannot be taken out of it",
        remedy: "train or convert anew from a file that has it in the metadata")
    }
    var model = try stored.trained()
    model.parameters = numbers
    try ModelFile.write(model, to: target, normalisation: wanted)
  }

  /// The numbers of another file for a network.
  private func replaced(_ own: Parameters, _ path: String, _ shape: Shape) throws -> Parameters {
    let given = try ModelWeights.read(path, input: shape.extents)
    try own.take(given, path: path)
    return own
  }

  // MARK: - A declared network

  private func fromDeclaration() throws {
    let isWeights = ModelWeights.isTensors(source)
    if isWeights, weights != nil {
      throw ValidationError("\(source) has the numbers already: leave out --weights")
    }
    guard let name = isWeights ? network : source else {
      throw ValidationError("--network says which network the numbers of \(source) belong to")
    }
    if !isWeights, network != nil {
      throw ValidationError("\(source) is a network already: leave out --network")
    }
    if normalisation != nil {
      throw ValidationError("--normalisation is for model files: a declared network has none")
    }
    let numbers = isWeights ? source : weights
    guard numbers != nil || seed != nil else {
      throw ValidationError("the network's numbers are missing: give --weights, or --seed for new ones")
    }
    var pairs: [(name: String, value: String)] = []
    for setting in settings {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      pairs.append((String(parts[0]), parts.count > 1 ? String(parts[1]) : ""))
    }
    let source = try NetworkSource(name, settings: pairs)
    let network = try source.network(fitting: extents)
    let parameters = try network.initialParameters(seed: seed ?? 0)
    if let numbers {
      try parameters.take(
        try ModelWeights.read(numbers, input: network.inputShape.extents), path: numbers)
    }
    if target.hasSuffix(".safetensors") {
      try ModelWeights.write(parameters, to: target)
      return
    }
    var metadata = ModelMetadata()
    metadata.declaration = source.declaration
    metadata.patch = Array(network.inputShape.extents.dropFirst(2))
    try ModelFile.write(
      source.definition, parameters, metadata: metadata, input: network.inputShape, to: target)
  }
}

extension Parameters {
  /// Takes over all numbers of others of the same names.
  /// - Throws: `ModelError` naming the file and what is missing, has another shape, or is too much.
  fileprivate func take(_ other: Parameters, path: String) throws(ModelError) {
    for entry in layout.entries {
      guard let given = other[entry.name] else {
        throw ModelError(
          .mismatch, path: path, subject: entry.name, "the file has no such tensor",
          remedy: "its tensors are \(other.layout.entries.prefix(6).map(\.name).joined(separator: ", "))")
      }
      guard given.shape == entry.shape else {
        throw ModelError(
          .mismatch, path: path, subject: entry.name, "its shape", expected: "\(entry.shape)",
          found: "\(given.shape)")
      }
    }
    if let extra = other.layout.entries.first(where: { layout[$0.name] == nil }) {
      throw ModelError(
        .mismatch, path: path, subject: printable(extra.name, limit: 200), "the network has no such parameter"
      )
    }
    for entry in layout.entries {
      guard let given = other[entry.name] else { continue }
      unsafe self[entry].pointer.update(from: given.pointer, count: given.count)
    }
  }
}
