import Basics
import GridFiles
import Grids

extension InspectionReport {
  /// All that the text says, and all coordinates' ranges. The schema is named in the document:
  /// `isotach.inspection/1`.
  public var json: String {
    var entries: [(String, JSONValue)] = [
      ("schema", .string("isotach.inspection/1")),
      ("path", .string(header.path)),
      ("format", .string(header.format.name)),
      ("bytes", .integer(Int(header.identity.size))),
      ("root", group(header.root)),
      ("fields", .array((dataset?.fields ?? []).filter { isShown($0.variable) }.map(field))),
      ("notes", .array((dataset?.notes ?? []).map(\.json))),
    ]
    if let datasetError { entries.append(("datasetError", .string(datasetError))) }
    entries.append(("errors", .array(errors.map(\.json))))
    entries.append(
      (
        "unread",
        .array(
          header.root.everything(\.unread).map {
            .object([("path", .string($0.path)), ("reason", .string($0.reason))])
          })
      ))
    return JSONValue.object(entries).document
  }

  private func group(_ group: Group) -> JSONValue {
    .object([
      ("name", .string(group.name)), ("path", .string(group.path)),
      ("dimensions", .array(group.dimensions.map(\.json))),
      ("attributes", JSONValue.object(group.attributes.map { ($0.name, $0.json) })),
      ("variables", .array(group.variables.filter(isShown).map(\.json))),
      ("groups", .array(group.groups.map(self.group))),
    ])
  }

  private func field(_ field: Dataset.Field) -> JSONValue {
    let description = field.description
    let variable = description.variables.first
    var entries: [(String, JSONValue)] = [
      ("variable", .string(field.variable.path)), ("standardName", .text(variable?.standardName)),
      ("longName", .text(variable?.longName)), ("units", .text(variable?.units)),
      ("cellMethods", .text(variable?.cellMethods)),
      ("roles", .array(field.roles.map { .string($0.text) })),
    ]
    if let time = description.time {
      let summary = time.summary
      entries.append(
        (
          "time",
          .object([
            ("name", .string(time.name)), ("count", .integer(time.count)), ("units", .string(time.units)),
            ("calendar", .string(time.calendar.rawValue)), ("first", .text(summary.first)),
            ("last", .text(summary.last)), ("step", .text(summary.step)), ("isoStep", .text(summary.iso)),
            ("problem", .text(summary.problem)), ("hasBounds", .boolean(time.bounds != nil)),
            ("climatology", .boolean(time.isClimatology)),
          ])
        ))
    }
    entries.append(("layers", .array(description.layers.map(\.json))))
    let grid = description.grid
    var place: [(String, JSONValue)] = [
      ("kind", .string(grid.kind.rawValue)), ("rows", .integer(grid.ny)), ("columns", .integer(grid.nx)),
      ("y", grid.y.json), ("x", grid.x.json), ("periodic", .boolean(grid.goesAround)),
      ("mapping", .text(grid.mapping?.name)), ("mappingVariable", .text(grid.mapping?.variableName)),
    ]
    if let extent = grid.extent {
      place.append(
        ("latitudes", .array([.real(extent.latitudes.lowerBound), .real(extent.latitudes.upperBound)])))
      place.append(
        ("longitudes", .array([.real(extent.longitudes.lowerBound), .real(extent.longitudes.upperBound)])))
    }
    entries.append(("grid", .object(place)))
    entries.append(
      (
        "scalars",
        .array(
          description.scalars.map {
            .object([("name", .string($0.name)), ("value", .real($0.value)), ("label", .text($0.label))])
          })
      ))
    let decoding = field.decoding
    entries.append(
      (
        "decoding",
        .object([
          ("scale", .real(decoding.scale)), ("offset", .real(decoding.offset)),
          ("missing", .array(decoding.missing.map { .real($0) })),
          ("validMinimum", .real(decoding.validMinimum)), ("validMaximum", .real(decoding.validMaximum)),
          ("unsigned", .boolean(decoding.isUnsigned)),
        ])
      ))
    if let statistics = statistics[field.variable.path] {
      let hasValues = statistics.mean != nil
      entries.append(
        (
          "statistics",
          .object([
            ("count", .integer(statistics.count)), ("missing", .integer(statistics.missing)),
            ("infinite", .integer(statistics.infinite)),
            ("minimum", hasValues ? .real(statistics.minimum) : .null),
            ("maximum", hasValues ? .real(statistics.maximum) : .null), ("mean", .real(statistics.mean)),
          ])
        ))
    }
    return .object(entries)
  }
}

extension Dataset.Role {
  var text: String {
    switch self {
    case .time: "time"
    case .layer(let index): "layer \(index)"
    case .row: "row"
    case .column: "column"
    case .single: "single"
    }
  }
}

extension DatasetNote {
  var json: JSONValue {
    .object([("level", .string(level.rawValue)), ("subject", .string(subject)), ("text", .string(text))])
  }
}

extension Axis {
  var json: JSONValue {
    var entries: [(String, JSONValue)] = [
      ("name", .string(name)), ("standardName", .text(standardName)), ("units", .text(units)),
      ("positive", .text(positive)), ("hasBounds", .boolean(bounds != nil)),
    ]
    if case .object(let summary) = AxisSummary(values).json { entries += summary }
    if let labels { entries.append(("labels", .array(labels.map(JSONValue.string)))) }
    return .object(entries)
  }
}

extension Dimension {
  var json: JSONValue {
    .object([
      ("name", .string(name)), ("length", .integer(length)), ("unlimited", .boolean(isUnlimited)),
      ("named", .boolean(isNamed)),
    ])
  }
}

extension Attribute {
  var json: JSONValue {
    func list<Number>(_ numbers: [Number], _ one: (Number) -> JSONValue) -> JSONValue {
      numbers.count == 1 ? one(numbers[0]) : .array(numbers.map(one))
    }
    switch value {
    case .text(let text): return .string(text)
    case .strings(let strings): return list(strings) { .string($0) }
    case .int8(let v): return list(v) { .integer(Int($0)) }
    case .uint8(let v): return list(v) { .integer(Int($0)) }
    case .int16(let v): return list(v) { .integer(Int($0)) }
    case .uint16(let v): return list(v) { .integer(Int($0)) }
    case .int32(let v): return list(v) { .integer(Int($0)) }
    case .uint32(let v): return list(v) { .integer(Int($0)) }
    case .int64(let v): return list(v) { .literal("\($0)") }
    case .uint64(let v): return list(v) { .literal("\($0)") }
    case .float32(let v): return list(v) { .real($0) }
    case .float64(let v): return list(v) { .real($0) }
    case .unsupported(let what): return .object([("unsupported", .string(what))])
    }
  }
}

extension Variable {
  var json: JSONValue {
    var entries: [(String, JSONValue)] = [
      ("name", .string(name)), ("path", .string(path)), ("type", .string(type.name)),
      ("dimensions", .array(dimensions.map { .string($0.name) })),
      ("shape", .array(extents.map { .integer($0) })),
      ("storage", .string(storageName)),
      ("chunks", chunks.map { .array($0.map { .integer($0) }) } ?? .null),
      ("filters", .array(filters.map { .string($0.text) })),
      ("byteOrder", .string(byteOrder == .big ? "big" : "little")),
      ("rawBytes", rawBytes.map { .integer(Int($0)) } ?? .null),
    ]
    if let range = packedRange {
      entries.append(
        (
          "packing",
          .object([
            ("minimum", .real(range.low)), ("maximum", .real(range.high)), ("step", .real(range.step)),
          ])
        ))
    }
    entries.append(("attributes", JSONValue.object(attributes.map { ($0.name, $0.json) })))
    return .object(entries)
  }

  private var storageName: String {
    switch storage {
    case .contiguous: "contiguous"
    case .compact: "compact"
    case .chunked: "chunked"
    case .records: "records"
    }
  }
}
