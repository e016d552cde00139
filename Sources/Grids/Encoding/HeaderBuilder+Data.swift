import GridFiles

/// Scalar coordinates and the data variables.
extension HeaderBuilder {
  mutating func addScalar(_ scalar: ScalarCoordinate) {
    if let label = scalar.label {
      labels.append(Attribute(OutputNames.clean(scalar.name), label))
      return
    }
    let name = names.free(scalar.name)
    var attributes = OutputAttributes.quantity(
      standardName: scalar.attributes["standard_name"]?.text, units: scalar.attributes["units"]?.text)
    let said: Set<String> = ["standard_name", "units", "axis"]
    attributes += OutputAttributes.kept(
      scalar.attributes.filter { !said.contains($0.name) }, besides: attributes)
    if attributes["units"]?.text?.contains(" since ") == true, attributes["calendar"] == nil {
      attributes.append(Attribute("calendar", "standard"))
    }
    let positive = attributes["positive"]?.text
    if vertical == nil, let units = attributes["units"]?.text, !units.contains(" since "),
      positive != nil || (units != "1" && Units.areConvertible(units, "Pa"))
    {
      vertical = (scalar.value, scalar.value, units, positive)
      attributes.append(Attribute("axis", "Z"))
    }
    let standardName = attributes["standard_name"]?.text
    if standardName == nil, attributes["axis"] == nil {
      // A variable without a standard name fails ACDD; what it says stands as an attribute of the data instead.
      var text = Int(exactly: scalar.value).map { "\($0)" } ?? "\(scalar.value)"
      if let units = attributes["units"]?.text, units != "1" { text += " \(units)" }
      if let longName = attributes["long_name"]?.text { text += " (\(longName))" }
      labels.append(Attribute(OutputNames.clean(scalar.name), text))
      return
    }
    if attributes["long_name"] == nil {
      attributes.append(Attribute("long_name", standardName?.spaced ?? scalar.name.spaced))
    }
    numbers.append((name, [scalar.value]))
    if attributes["axis"] != nil || (positive != nil && vertical != nil) {
      auxiliary.append(name)
      axisNames[scalar.name] = axisNames[scalar.name] ?? name
    } else {
      // CDO warns of scalar coordinates that are not vertical. Named as ancillary they stay tied to the data.
      attributes.removeAll { $0.name == "coverage_content_type" }
      attributes.append(Attribute("coverage_content_type", "coordinate"))
      ancillary.append(name)
    }
    define(name, .float64, [], attributes)
  }

  mutating func addData(_ variable: VariableDescription, _ name: String) throws(GridError) {
    var attributes = OutputAttributes.quantity(
      standardName: variable.standardName, units: variable.flags == nil ? variable.units : nil)
    attributes.insert(
      Attribute("long_name", variable.longName ?? variable.standardName?.spaced ?? variable.name), at: 0)
    if let text = variable.cellMethods {
      let methods = CellMethods(text, names: axisNames)
      if let text = methods.text { attributes.append(Attribute("cell_methods", text)) }
      if !methods.isWhole { attributes.append(Attribute("original_cell_methods", text)) }
    }
    if let mappingName { attributes.append(Attribute("grid_mapping", mappingName)) }
    if !auxiliary.isEmpty { attributes.append(Attribute("coordinates", auxiliary.joined(separator: " "))) }
    if !ancillary.isEmpty {
      attributes.append(Attribute("ancillary_variables", ancillary.joined(separator: " ")))
    }
    if let metadata = Self.temperatureMetadata(variable, attributes) {
      attributes.append(Attribute("units_metadata", metadata))
    }
    if variable.attributes["coverage_content_type"] == nil {
      attributes.append(
        Attribute("coverage_content_type", variable.flags == nil ? "modelResult" : "thematicClassification"))
    }
    var type = ElementType.float32
    var fill = Attribute.Value.float32([1e20])
    if let flags = variable.flags {
      type = .int8
      let values = flags.map(\.value)
      guard let free = [Int8.min, -1, Int8.max].first(where: { !values.contains($0) }),
        Set(values).count == values.count
      else { throw GridError("the classes are not different from one another", subject: variable.name) }
      fill = .int8([free])
      attributes.append(Attribute("flag_values", .int8(values)))
      attributes.append(
        Attribute("flag_meanings", flags.map { Self.word($0.meaning) }.joined(separator: " ")))
    }
    attributes += OutputAttributes.kept(variable.attributes + labels, besides: attributes)
    let chunks = dataChunks(bytes: variable.flags == nil ? 4 : 1)
    definition.variables.append(
      VariableDefinition(
        name: name, type: type, dimensions: dataDimensions.map(\.name), attributes: attributes, fill: fill,
        chunks: dataDimensions.isEmpty ? nil : chunks,
        deflate: dataDimensions.isEmpty ? nil : options.deflate,
        shuffle: options.shuffle && options.deflate != nil && !dataDimensions.isEmpty))
    data.append((name, chunks))
  }

  /// CF 1.11, 3.1.2: whether a temperature is a difference or on the scale; only for units of temperature.
  private static func temperatureMetadata(_ variable: VariableDescription, _ written: [Attribute]) -> String?
  {
    guard variable.attributes["units_metadata"] == nil, let units = written["units"]?.text,
      units != "1", Units.areConvertible(units, "K")
    else { return nil }
    let methods = variable.cellMethods?.lowercased() ?? ""
    let name = (variable.standardName ?? "") + " " + (variable.longName ?? "").lowercased()
    let isDifference =
      ["standard_deviation", "range"].contains { methods.contains($0) }
      || ["anomaly", "difference", "deviation", "spread"].contains { name.contains($0) }
    return isDifference ? "temperature: difference" : "temperature: on_scale"
  }

  /// One map a chunk, split over rows (then columns) so that it is at most 4 MiB.
  private func dataChunks(bytes: Int) -> [Int] {
    let map = Self.chunks(dataDimensions.filter(\.isMap).map(\.length), bytes: bytes)
    return dataDimensions.filter { !$0.isMap }.map { _ in 1 } + map
  }

  static func chunks(_ extents: [Int], bytes: Int) -> [Int] {
    let limit = (4 << 20) / bytes
    guard let last = extents.last else { return [] }
    let columns = max(1, min(last, limit))
    guard extents.count == 2 else { return [columns] }
    // Rows in equal parts.
    let rows = max(1, extents[0])
    let most = max(1, limit / columns)
    let parts = (rows + most - 1) / most
    return [(rows + parts - 1) / parts, columns]
  }

  /// A class name as `flag_meanings` allows it.
  private static func word(_ text: String) -> String {
    let mapped = text.trimmed.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", "+", "@": String(scalar)
      default: "_"
      }
    }.joined()
    return mapped.isEmpty ? "unnamed" : mapped
  }
}
