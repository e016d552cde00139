import Basics
import Compute
import Tensors

/// What a model file says beside graph and numbers: all that is needed to apply the network to data. It is stored as
/// texts by name, each JSON, the names beginning with `isotach.`; a file that other programs wrote has none of them.
public struct ModelMetadata: Sendable {
  /// Where values become the network's numbers, and its numbers values.
  public enum Normalisation: String, Sendable, Hashable, CaseIterable {
    /// Outside of the graph, as the channels say.
    case metadata
    /// In the graph: physical values go in and come out, and the channels say how it is done there.
    case graph
  }

  public var declaration: NetworkSpec?
  public var loss: (any Loss)?
  public var domain: DomainPadding?
  public var patch: [Int]?
  public var inputs: [ModelChannel]?
  public var outputs: [ModelChannel]?
  public var base: [ModelChannel]?
  public var normalisation = Normalisation.metadata
  public var halo: [Int]?
  public var scaleFactor: Double?
  public var spacing: CellSpacing?
  public var classes: [String] = []
  public var provenance: [String: String] = [:]
  public var history: TrainingHistory?

  public init() {}

  public init(_ model: TrainedModel) {
    (declaration, loss, domain, patch) = (model.declaration, model.loss, model.domain, model.patch)
    (inputs, outputs, base, halo) = (model.inputs, model.outputs, model.base, model.halo)
    (scaleFactor, spacing, classes) = (model.scaleFactor, model.spacing, model.classes)
    (provenance, history) = (model.provenance, model.history)
  }
}

// MARK: - As texts

extension ModelMetadata {
  static let prefix = "isotach."
  /// The value of `isotach.format`: says how the others are to be read.
  public static let format = "isotach.model/2"

  /// The texts in a fixed order.
  public var properties: [(name: String, text: String)] {
    var values: [(String, JSONValue)] = []
    func list(_ channels: [ModelChannel]?) -> JSONValue? { channels.map { .array($0.map(\.json)) } }
    func add(_ name: String, _ value: JSONValue?) {
      if let value { values.append((name, value)) }
    }
    add("inputs", list(inputs))
    add("outputs", list(outputs))
    add("residual", list(base))
    add("normalisation", .string(normalisation.rawValue))
    add("loss", loss?.configuration.json)
    add("domain", domain.map { .array([.string($0.rows.rawValue), .string($0.columns.rawValue)]) })
    add("patch", patch.map { .array($0.map { .integer($0) }) })
    add("halo", halo.map { .array($0.map { .integer($0) }) })
    add("scale_factor", scaleFactor.map { .number($0) })
    add("spacing", spacing?.json)
    add("classes", classes.isEmpty ? nil : .array(classes.map { .string($0) }))
    add("network", declaration?.configuration.json)
    add("history", history?.json)
    let facts = provenance.sorted { $0.key < $1.key }
    add("provenance", facts.isEmpty ? nil : .object(facts.map { ($0.key, .string($0.value)) }))
    return [(Self.prefix + "format", Self.format)] + values.map { (Self.prefix + $0.0, $0.1.text) }
  }

  /// What of these texts is ours; the others are left alone.
  /// - Throws: `ModelError` naming the text and its key, what was expected and found.
  public init(_ properties: [(name: String, text: String)], path: String) throws(ModelError) {
    var texts: [String: String] = [:]
    for (name, text) in properties where name.hasPrefix(Self.prefix) {
      guard texts.updateValue(text, forKey: String(name.dropFirst(Self.prefix.count))) == nil else {
        throw ModelError(.damaged, path: path, subject: "metadata", "`\(name)` is there twice")
      }
    }
    guard !texts.isEmpty else {
      self.init()
      return
    }
    guard texts["format"] == Self.format else {
      throw ModelError(
        .unsupported, path: path, subject: "metadata", "`isotach.format`", expected: Self.format,
        found: texts["format"].map { printable($0, limit: 60) } ?? "nothing",
        remedy: "was it written by a newer version?")
    }
    var values: [(String, JSONValue)] = []
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) where name != "format" {
      do { values.append((name, try JSONValue.parse(text))) } catch {
        throw ModelError(.damaged, path: path, subject: Self.prefix + name, "this is not JSON: \(error)")
      }
    }
    do throws(JSONReading.Failure) { try self.init(.object(values)) } catch {
      throw ModelError(
        .damaged, path: path, subject: Self.prefix + error.key, "the metadata of the model",
        expected: error.expected, found: error.found)
    }
  }

  private init(_ json: JSONValue) throws(JSONReading.Failure) {
    let reading = JSONReading(json)
    func channels(_ key: String) throws(JSONReading.Failure) -> [ModelChannel]? {
      guard json[key] != nil else { return nil }
      let channels = try reading.channels(key)
      guard !channels.isEmpty else { throw .init(key, expected: "channels", found: "none") }
      return channels
    }
    (inputs, outputs, base) = (try channels("inputs"), try channels("outputs"), try channels("residual"))
    if let base, let outputs, base.count != outputs.count {
      throw .init("residual", expected: "\(outputs.count) channels", found: "\(base.count)")
    }
    if json["normalisation"] != nil { normalisation = try reading.choice("normalisation") }
    let decoding = Decoding()
    if let found = json["loss"] {
      loss = decoding.loss(ConfigValue(json: found))
      if loss == nil { throw .init("loss", expected: "a loss", found: Self.fault(decoding, found)) }
    }
    if let found = json["network"] {
      do throws(SpecFaults) { declaration = try NetworkSpec(ConfigValue(json: found)) } catch {
        throw .init("network", expected: "a network", found: error.description)
      }
    }
    domain = try Self.domain(reading)
    if json["patch"] != nil {
      let extents = try reading.extents("patch")
      guard (1...3).contains(extents.count) else {
        throw .init("patch", expected: "1 to 3 counts", found: "\(extents.count)")
      }
      patch = extents
    }
    if json["halo"] != nil {
      halo = []
      for element in try reading.list("halo") {
        guard let count = element.integer, count >= 0 else {
          throw .init("halo", expected: "counts", found: element.text)
        }
        halo?.append(count)
      }
    }
    if json["scale_factor"] != nil { scaleFactor = try reading.finite("scale_factor") }
    if let found = json["spacing"] { spacing = try CellSpacing(found) }
    if json["classes"] != nil { classes = try reading.list("classes").compactMap(\.string) }
    if let found = json["history"] { history = try TrainingHistory(found) }
    for (key, value) in json["provenance"]?.object ?? [] { provenance[key] = value.string ?? value.text }
  }

  private static func fault(_ decoding: Decoding, _ found: JSONValue) -> String {
    decoding.faults.first?.cause ?? found.text
  }

  private static func domain(_ reading: JSONReading) throws(JSONReading.Failure) -> DomainPadding? {
    guard reading.json["domain"] != nil else { return nil }
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
    return DomainPadding(rows: modes[0], columns: modes[1])
  }
}

extension CellSpacing {
  var json: JSONValue {
    .object([("rows", .number(rows)), ("columns", .number(columns)), ("units", .string(units))])
  }

  init(_ json: JSONValue) throws(JSONReading.Failure) {
    let reading = JSONReading(json)
    let (rows, columns) = (try reading.finite("rows"), try reading.finite("columns"))
    guard rows > 0, columns > 0 else {
      throw .init("spacing", expected: "numbers above 0", found: json.text)
    }
    self.init(rows: rows, columns: columns, units: try reading.text("units"))
  }
}

extension JSONReading {
  /// One of the cases of an enumeration.
  func choice<E: RawRepresentable & CaseIterable>(_ key: String) throws(Failure) -> E
  where E.RawValue == String {
    let word = try text(key)
    guard let value = E(rawValue: word) else {
      throw Failure(key, expected: E.allCases.map(\.rawValue).joined(separator: ", "), found: word)
    }
    return value
  }
}
