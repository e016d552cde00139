import Basics
import GridFiles
import Grids

extension InspectionReport {
  /// For people: the file, its fields as CF sees them, its contents as they are stored, what was assumed, what is
  /// wrong. Lines have about 100 columns where names and texts allow.
  public var text: String {
    var lines = [printable(header.path)]
    lines.append("  " + header.format.name + ", " + bytesText(header.identity.size) + volumeText)
    let attributes = header.root.attributes
    for name in ["title", "institution", "source", "Conventions"] where selection == nil {
      if let text = attributes[name]?.text, !text.isEmpty {
        lines.append("  " + pad(name, 13) + printable(text, limit: 80))
      }
    }
    lines += fieldLines
    lines += contents(of: header.root)
    lines += unreadLines
    lines += noteLines
    lines += errorLines
    return lines.joined(separator: "\n") + "\n"
  }

  /// The numbers of all variables against the bytes of the file.
  private var volumeText: String {
    var sum: Int64 = 0
    for variable in header.allVariables {
      sum = sum.addingReportingOverflow(variable.rawBytes ?? 0).partialValue
    }
    let isCompressed = header.allVariables.contains { !$0.filters.isEmpty }
    guard isCompressed, sum > 0, header.identity.size > 0 else { return "" }
    let ratio = Double(sum) / Double(header.identity.size)
    return " (\(bytesText(sum)) of values, \(short((ratio * 10).rounded() / 10)) to 1)"
  }

  private var fieldLines: [String] {
    guard let dataset else { return [] }
    let fields = dataset.fields.filter { isShown($0.variable) }
    if fields.isEmpty { return selection == nil ? ["", "Fields: none"] : [] }
    var lines = ["", "Fields"]
    var known: [(name: String, body: [String])] = []
    for field in fields {
      let description = field.description
      let variable = description.variables.first
      let name = Checker.name(field.variable)
      var title = "  " + printable(name)
      if let units = variable?.units { title += " [" + printable(units, limit: 40) + "]" }
      if let standard = variable?.standardName, standard != name {
        title += "  " + printable(standard, limit: 80)
      }
      if variable?.standardName == nil, let long = variable?.longName {
        title += "  \"" + printable(long, limit: 70) + "\""
      }
      lines.append(title)
      var body = description.grid.lines
      if let time = description.time { body += time.lines }
      for axis in description.layers { body += axis.layerLines }
      for scalar in description.scalars {
        body.append(
          entry(
            "at",
            printable(scalar.name) + " = "
              + (scalar.label.map { printable($0, limit: 60) } ?? scalar.valueText)))
      }
      if let same = known.first(where: { $0.body == body }) {
        lines.append(entry("place", "the same grid and axes as \(printable(same.name))"))
      } else {
        lines += body
        known.append((name, body))
      }
      if let methods = variable?.cellMethods {
        lines += wrap(entry("methods", printable(methods, limit: 200)), margin: margin)
      }
      lines.append(entry("stored", field.variable.type.name + ", " + field.variable.storageText))
      if let range = field.variable.packedRange {
        lines.append(
          entry(
            "packing",
            "values from \(short(range.low)) to \(short(range.high)) in steps of \(short(range.step))"))
      }
      if let mask = field.decoding.maskText { lines.append(entry("mask", mask)) }
      if let statistics = statistics[field.variable.path] { lines += statistics.lines }
    }
    return lines
  }

  private func contents(of group: Group) -> [String] {
    let variables = group.variables.filter(isShown)
    var lines: [String] = []
    let label = group.path == "/" ? "" : " of " + printable(group.path)
    if selection == nil, !group.dimensions.isEmpty {
      lines += ["", "Dimensions" + label]
      let width = min(30, group.dimensions.map { printable($0.name).count }.max() ?? 0)
      for dimension in group.dimensions {
        var line = "  " + pad(printable(dimension.name), width) + "  \(dimension.length)"
        if dimension.isUnlimited { line += " (unlimited)" }
        if !dimension.isNamed { line += " (no name in the file)" }
        lines.append(line)
      }
    }
    if !variables.isEmpty {
      lines += ["", "Variables" + label]
      for variable in variables {
        let dimensions = variable.dimensions.map { "\(printable($0.name)) \($0.length)" }.joined(
          separator: ", ")
        lines += wrap(
          "  \(variable.type.shown) \(printable(variable.name))"
            + (dimensions.isEmpty ? "" : " (\(dimensions))"),
          margin: "      ")
        if variable.chunks != nil || !variable.filters.isEmpty {
          lines.append("      " + variable.storageText)
        }
        lines += attributeLines(variable.attributes, indent: "      ")
      }
    }
    if selection == nil, !group.attributes.isEmpty {
      lines += ["", "Attributes" + label]
      lines += attributeLines(group.attributes, indent: "  ")
    }
    for inner in group.groups { lines += contents(of: inner) }
    return lines
  }

  private func attributeLines(_ attributes: [Attribute], indent: String) -> [String] {
    let width = min(32, attributes.map { printable($0.name).count }.max() ?? 0)
    return attributes.flatMap { attribute -> [String] in
      let name = pad(printable(attribute.name, limit: 80), width) + "  "
      var value = printable(attribute.shown, limit: 800)
      switch attribute.elementType {
      case .char, .string: break
      case let type: value += "  (\(type.name))"
      }
      return wrap(indent + name + value, margin: indent + String(repeating: " ", count: width + 2))
    }
  }

  private var unreadLines: [String] {
    let unread = header.root.everything(\.unread)
    if unread.isEmpty { return [] }
    return ["", "Not read"]
      + unread.flatMap {
        wrap("  " + printable($0.path) + "  " + printable($0.reason, limit: 200), margin: "      ")
      }
  }

  /// Notes on what is already among "Not read" are not said twice.
  private func notes(_ level: DatasetNote.Level) -> [String] {
    let unread = Set(header.root.everything(\.unread).map(\.path))
    return (dataset?.notes ?? []).filter {
      $0.level == level && !unread.contains($0.subject) && isAbout($0.subject)
    }
    .flatMap { note in
      let subject =
        note.subject.hasPrefix("/") && !note.subject.dropFirst().contains("/")
        ? String(note.subject.dropFirst()) : note.subject
      return wrap("  " + printable(subject) + ": " + printable(note.text, limit: 300), margin: "      ")
    }
  }

  /// With one variable selected, only what concerns it.
  private func isAbout(_ subject: String) -> Bool {
    guard let selection else { return true }
    return selection.contains { subject == $0 || subject.hasPrefix($0 + ":") || subject == $0.dropFirst() }
  }

  private var noteLines: [String] {
    let assumed = notes(.assumed)
    let warnings = notes(.warning)
    return (assumed.isEmpty ? [] : ["", "Assumed"] + assumed)
      + (warnings.isEmpty ? [] : ["", "Doubtful"] + warnings)
  }

  private var errorLines: [String] {
    var lines: [String] = []
    if let datasetError { lines += wrap("  " + printable(datasetError, limit: 400), margin: "      ") }
    lines += notes(.error)
    let shown = errors.filter { finding in
      guard let selection, let name = finding.variable else { return selection == nil }
      return selection.contains(name.hasPrefix("/") ? name : "/" + name)
    }
    for finding in shown {
      var line = "  " + (finding.variable.map { printable($0) + ": " } ?? "")
      if let attribute = finding.attribute { line += printable(attribute, limit: 60) + " " }
      line += printable(finding.text, limit: 300)
      if let found = finding.found { line += "; found " + printable(found, limit: 120) }
      if let expected = finding.expected { line += "; expected " + printable(expected, limit: 120) }
      lines += wrap(line + "  [\(finding.section)]", margin: "      ")
    }
    return lines.isEmpty ? [] : ["", "Wrong"] + lines
  }
}

private let margin = String(repeating: " ", count: 15)

private func entry(_ label: String, _ text: String) -> String { "      " + pad(label, 9) + text }

func pad(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

extension ScalarCoordinate {
  /// The value with its unit; of a time the date.
  fileprivate var valueText: String {
    guard let units = attributes["units"]?.text else { return short(value) }
    let calendar = attributes["calendar"]?.text.flatMap(CFCalendar.init(cfName:)) ?? .standard
    if CoordinateKind.isTimeUnits(units), let date = try? TimeReference(units, calendar: calendar).date(value)
    {
      return "\(date)"
    }
    return short(value) + (units == "1" ? "" : " " + printable(units, limit: 40))
  }
}

extension Grid {
  fileprivate var lines: [String] {
    var lines = [entry("grid", "\(kindText), \(ny) x \(nx) cells")]
    if kind == .points { lines = [entry("grid", "\(nx) points")] }
    switch kind {
    case .bare:
      if y.kind != .index { lines.append(axisLine(y)) }
      if x.kind != .index { lines.append(axisLine(x)) }
    case .points, .curvilinear: break
    default:
      lines.append(axisLine(y))
      lines.append(axisLine(x) + (goesAround ? ", around the Earth" : ""))
    }
    if !isRectilinear, let extent {
      lines.append(
        entry(
          "covers",
          "latitude \(short(extent.latitudes.lowerBound)) to \(short(extent.latitudes.upperBound)), "
            + "longitude \(short(extent.longitudes.lowerBound)) to \(short(extent.longitudes.upperBound))"))
    }
    return lines
  }

  private func axisLine(_ axis: Axis) -> String {
    entry(
      "",
      pad(printable(axis.name, limit: 40), 10) + " "
        + AxisSummary(axis.values).text(axis.values, units: axis.units)
        + (axis.bounds == nil ? "" : ", with bounds"))
  }
}

extension TimeAxis {
  fileprivate var lines: [String] {
    let summary = summary
    if let problem = summary.problem {
      return wrap(
        entry("time", "\(count) steps, no dates: " + printable(problem, limit: 200)), margin: margin)
    }
    var text = summary.first ?? ""
    if let last = summary.last, count > 1 { text += " to " + last }
    text += count == 1 ? " (1 step" : " (\(count) steps"
    if let step = summary.step { text += ", " + step }
    text += "), calendar \(calendar.rawValue)"
    if isClimatology { text += ", a climatology" } else if bounds != nil { text += ", with bounds" }
    return [entry("time", text)]
  }
}

extension Axis {
  fileprivate var layerLines: [String] {
    var text = printable(name, limit: 40) + ": "
    if let labels {
      text += labels.prefix(8).map { printable($0, limit: 30) }.joined(separator: ", ")
      if labels.count > 8 { text += ", ... (\(labels.count))" }
    } else if kind == .index {
      text += "\(count), without a coordinate"
    } else {
      text += AxisSummary(values).text(values, units: units)
      if count > 8 { text += " (\(count))" }
      if let positive { text += ", positive " + printable(positive, limit: 10) }
    }
    return wrap(entry("layers", text), margin: margin)
  }
}

extension Decoding {
  /// What says that a value is missing.
  fileprivate var maskText: String? {
    var parts: [String] = []
    let marks = missing.filter { !$0.isNaN }
    if !marks.isEmpty { parts.append("missing where " + marks.map(short).joined(separator: " or ")) }
    switch (validMinimum, validMaximum) {
    case (let low?, let high?): parts.append("valid from \(short(low)) to \(short(high))")
    case (let low?, nil): parts.append("valid from \(short(low))")
    case (nil, let high?): parts.append("valid to \(short(high))")
    case (nil, nil): break
    }
    if parts.isEmpty { return nil }
    return parts.joined(separator: ", ") + (scale != 1 || offset != 0 ? " (as stored)" : "")
  }
}

extension InspectionReport.Statistics {
  fileprivate var lines: [String] {
    var lines = [entry("missing", percent(missing, of: count) + " of \(count) values")]
    if missing == 0 { lines = [entry("missing", "none of \(count) values")] }
    if infinite > 0 { lines.append(entry("infinite", "\(infinite) values")) }
    if let mean, minimum <= maximum {
      lines.append(
        entry("values", "\(short(Double(minimum))) to \(short(Double(maximum))), mean \(short(mean))"))
    }
    return lines
  }
}
