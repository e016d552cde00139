import GridFiles

/// Attributes as CF 1.11 and the classic model allow them.
package enum OutputAttributes {
  /// The standard name and the units of a quantity, so that the one fits the other. What the input says and CF
  /// does not allow is kept under `original_standard_name` and `original_units`.
  ///
  /// A name that the table has replaced becomes its successor. Units that UDUNITS does not know are given up
  /// rather than guessed. A standard name whose canonical units cannot be reached from the units (air
  /// temperature in coulomb) is given up, not the units.
  package static func quantity(standardName: String?, units: String?) -> [Attribute] {
    var result: [Attribute] = []
    var original: [Attribute] = []
    var valid = units.map(\.trimmed)
    if let text = valid {
      if deprecatedUnits.contains(text) {
        valid = "1"
      } else if text == "psu" || text == "PSU" {
        valid = "1"
        original.append(Attribute("original_units", text))
      } else if text.isEmpty || !Units.isValid(text) {
        if !text.isEmpty { original.append(Attribute("original_units", text)) }
        valid = nil
      }
    }
    if let name = standardName?.trimmed, !name.isEmpty {
      if let accepted = accepted(name, units: valid) {
        result.append(Attribute("standard_name", accepted))
      } else {
        original.append(Attribute("original_standard_name", name))
      }
    }
    if let valid { result.append(Attribute("units", valid)) }
    return result + original
  }

  private static let deprecatedUnits: Set<String> = ["level", "layer", "sigma_level"]

  /// The standard name as it may be written with these units; nil when it may not.
  static func accepted(_ text: String, units: String?) -> String? {
    guard var reading = StandardNames.read(text), reading.isModifierKnown else { return nil }
    if !StandardNames.contains(reading.name) {
      let successors = StandardNames.names(ofAlias: reading.name)
      guard successors.count == 1, let successor = successors.first else { return nil }
      reading = StandardNames.Reading(name: successor, modifier: reading.modifier)
    }
    let name = reading.modifier.map { "\(reading.name) \($0)" } ?? reading.name
    guard let canonical = reading.canonicalUnits, !canonical.isEmpty else {
      // Names of flags and texts take no units.
      return units == nil || units == "1" ? name : nil
    }
    guard let units else { return Units.areConvertible(canonical, "1") && canonical == "1" ? name : nil }
    if units.contains(" since ") { return reading.name.hasSuffix("time") ? name : nil }
    return Units.areConvertible(units, canonical) ? name : nil
  }

  /// Other attributes, under names that CF allows and in types that the classic model has.
  static func kept(_ attributes: [Attribute], besides taken: [Attribute] = []) -> [Attribute] {
    var result: [Attribute] = []
    var names = Set(taken.map(\.name))
    for attribute in attributes {
      guard let value = classic(attribute.value) else { continue }
      let name = OutputNames.clean(attribute.name)
      if !reserved.contains(name), names.insert(name).inserted { result.append(Attribute(name, value)) }
    }
    return result
  }

  /// They have a meaning for readers and are written from the description alone.
  private static let reserved: Set<String> = [
    "_FillValue", "missing_value", "scale_factor", "add_offset", "valid_min", "valid_max", "valid_range",
    "coordinates", "bounds", "climatology", "grid_mapping", "cell_measures", "ancillary_variables",
    "formula_terms", "compress", "flag_values", "flag_meanings", "flag_masks", "_Unsigned",
  ]

  /// The value in a type of the classic model; nil for what has none.
  static func classic(_ value: Attribute.Value) -> Attribute.Value? {
    switch value {
    case .text(let text): return text.isEmpty ? nil : .text(text)
    case .strings(let strings): return strings.isEmpty ? nil : .text(strings.joined(separator: ", "))
    case .int8, .int16, .int32, .float32, .float64:
      return Attribute("", value).numbers.isEmpty ? nil : value
    case .uint8(let v): return v.isEmpty ? nil : .int16(v.map(Int16.init))
    case .uint16(let v): return v.isEmpty ? nil : .int32(v.map(Int32.init))
    case .uint32(let v): return v.isEmpty ? nil : .float64(v.map(Double.init))
    case .int64(let v):
      let narrow = v.compactMap { Int32(exactly: $0) }
      return v.isEmpty ? nil : narrow.count == v.count ? .int32(narrow) : .float64(v.map(Double.init))
    case .uint64(let v):
      let narrow = v.compactMap { Int32(exactly: $0) }
      return v.isEmpty ? nil : narrow.count == v.count ? .int32(narrow) : .float64(v.map(Double.init))
    case .unsupported: return nil
    }
  }
}
