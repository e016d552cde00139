import Basics
import Compute
import Tensors

/// Model files: the one place that knows how a model is stored. Now a safetensors file with the tensors by
/// their paths and two texts of JSON, `network` (the declaration) and `model` (everything else).
public enum ModelFile {
  /// The value of the metadata's key `format`.
  static let format = "isotach.model/1"

  /// Reads a model, and checks that network, channels and numbers belong together.
  /// - Throws: `ModelError` naming what does not fit, what was expected and found.
  public static func read(_ path: String) throws(ModelError) -> TrainedModel {
    let file = try SafeTensorsFile.open(path)
    guard let found = file.metadata("format"), found == format else {
      throw ModelError(
        .unsupported, path: path, "this is no model file", expected: "the format \(format)",
        found: file.metadata("format").map { printable($0, limit: 60) } ?? "no format")
    }
    let root = try json("network", of: file)
    let about = try json("model", of: file)
    let spec: NetworkSpec
    do { spec = try NetworkSpec(ConfigValue(json: root)) } catch {
      throw ModelError(.unsupported, path: path, subject: "network", error.description)
    }
    var model: TrainedModel
    do throws(JSONReading.Failure) {
      model = try decode(about, spec, path)
    } catch {
      throw ModelError(
        .damaged, path: path, subject: "model", "its key \(error.key)", expected: error.expected,
        found: error.found)
    }
    model.parameters = try parameters(of: model, file)
    return model
  }

  /// Writes a model: whole or not at all.
  /// - Returns: the file's SHA-256.
  /// - Throws: `FileError` when it cannot be written.
  @discardableResult
  public static func write(_ model: TrainedModel, to path: String) throws(FileError) -> String {
    var writer = SafeTensorsWriter()
    for (key, value) in encode(model) { writer.set(key, value.text) }
    writer.set("format", format)
    do throws(ModelError) { try writer.add(model.parameters, prefix: "") } catch {
      throw FileError(.cannotWrite, path: path, subject: error.subject, error.sentence)
    }
    return try writer.write(to: path)
  }

  // MARK: -

  private static func json(_ key: String, of file: SafeTensorsFile) throws(ModelError) -> JSONValue {
    guard let text = file.metadata(key) else {
      throw ModelError(.damaged, path: file.path, "the metadata have no key `\(key)`")
    }
    do { return try JSONValue.parse(text) } catch {
      throw ModelError(.damaged, path: file.path, subject: key, "this is not JSON: \(error)")
    }
  }

  static func encode(_ model: TrainedModel) -> [(String, JSONValue)] {
    var about: [(String, JSONValue)] = [
      ("loss", model.loss.configuration.json),
      ("domain", .array([.string(model.domain.rows.rawValue), .string(model.domain.columns.rawValue)])),
      ("patch", .array(model.patch.map { .integer($0) })),
      ("inputs", .array(model.inputs.map(\.json))), ("outputs", .array(model.outputs.map(\.json))),
    ]
    if let base = model.base { about.append(("base", .array(base.map(\.json)))) }
    if let halo = model.halo { about.append(("halo", .array(halo.map { .integer($0) }))) }
    if let factor = model.scaleFactor { about.append(("scale_factor", .number(factor))) }
    if !model.classes.isEmpty { about.append(("classes", .array(model.classes.map { .string($0) }))) }
    if let history = model.history { about.append(("history", history.json)) }
    let facts = model.provenance.sorted { $0.key < $1.key }
    about.append(("provenance", .object(facts.map { ($0.key, .string($0.value)) })))
    return [("network", model.spec.configuration.json), ("model", .object(about))]
  }

  private static func decode(_ json: JSONValue, _ spec: NetworkSpec, _ path: String) throws(JSONReading
    .Failure)
    -> TrainedModel
  {
    let reading = JSONReading(json)
    let patch = try reading.extents("patch")
    guard (1...3).contains(patch.count) else {
      throw .init("patch", expected: "1 to 3 counts", found: "\(patch.count)")
    }
    var modes: [DomainPadding.Mode] = []
    for element in try reading.list("domain") {
      guard let mode = DomainPadding.Mode(rawValue: element.string ?? "") else {
        throw .init(
          "domain", expected: DomainPadding.Mode.allCases.map(\.rawValue).joined(separator: ", "),
          found: element.text)
      }
      modes.append(mode)
    }
    guard modes.count == 2 else { throw .init("domain", expected: "two modes", found: "\(modes.count)") }
    let decoding = Decoding()
    let found = try reading.value("loss", "a loss")
    guard let loss = decoding.loss(ConfigValue(json: found)) else {
      throw .init(
        "loss", expected: "a loss", found: decoding.faults.first?.cause ?? printable(found.text, limit: 60))
    }
    let inputs = try reading.channels("inputs")
    let outputs = try reading.channels("outputs")
    guard !inputs.isEmpty else { throw .init("inputs", expected: "channels", found: "none") }
    guard !outputs.isEmpty else { throw .init("outputs", expected: "channels", found: "none") }
    let base = json["base"] == nil ? nil : try reading.channels("base")
    if let base, base.count != outputs.count {
      throw .init("base", expected: "\(outputs.count) channels", found: "\(base.count)")
    }
    var halo: [Int]?
    if json["halo"] != nil {
      var cells: [Int] = []
      for element in try reading.list("halo") {
        guard let count = element.integer, count >= 0 else {
          throw .init("halo", expected: "counts", found: element.text)
        }
        cells.append(count)
      }
      halo = cells
    }
    var provenance: [String: String] = [:]
    for (key, value) in try reading.value("provenance", "an object").object ?? [] {
      provenance[key] = value.string ?? value.text
    }
    let empty: Parameters
    do { empty = try Parameters(try ParameterLayout([])) } catch {
      throw .init("patch", expected: "memory", found: error.description)
    }
    return TrainedModel(
      spec: spec, loss: loss, domain: DomainPadding(rows: modes[0], columns: modes[1]), patch: patch,
      inputs: inputs, outputs: outputs, base: base, halo: halo,
      scaleFactor: json["scale_factor"] == nil ? nil : try reading.finite("scale_factor"),
      classes: json["classes"] == nil ? [] : try reading.list("classes").compactMap(\.string),
      provenance: provenance,
      history: try json["history"].map { (value) throws(JSONReading.Failure) in try TrainingHistory(value) },
      parameters: empty)
  }

  /// The numbers of the file for the network that the file declares.
  private static func parameters(of model: TrainedModel, _ file: SafeTensorsFile) throws(ModelError)
    -> Parameters
  {
    let network: Network
    let result: Parameters
    do {
      network = try model.spec.network(
        input: TrainedModel.shape(1, model.inputs.count, model.patch), .inference, domain: model.domain)
      result = try Parameters(try network.layout())
    } catch {
      throw ModelError(.mismatch, path: file.path, subject: "network", "\(error)")
    }
    let channels = network.outputShape.rank >= 2 ? network.outputShape.extents[1] : 0
    let wanted = model.outputs.count * model.loss.channelsPerVariable
    guard channels == wanted else {
      throw ModelError(
        .mismatch, path: file.path, subject: "network", "the channels of its output", expected: "\(wanted)",
        found: "\(channels)")
    }
    try result.read(file, prefix: "")
    if let extra = file.tensors.first(where: { result.layout[$0.name] == nil }) {
      throw ModelError(
        .mismatch, path: file.path, subject: printable(extra.name, limit: 200),
        "the network has no such parameter")
    }
    return result
  }
}
