import GridFiles
import Grids

/// CF chapter 3: units, standard names, flags, ancillary variables.
extension Checker {
  mutating func checkDescriptions() {
    for variable in view.variables {
      checkStandardName(variable)
      _ = requiredText(variable, "long_name", "3.2")
      if variable.attributes["standard_name"] == nil, variable.attributes["long_name"] == nil,
        !view.isBounds(variable), view.uses(of: variable).isDisjoint(with: [.gridMapping, .geometry]),
        variable.attributes["compress"] == nil, variable.attributes["cf_role"] == nil
      {
        warning("3.3", variable, nil, "has neither standard_name nor long_name")
      }
      for name in FileView.words(requiredText(variable, "ancillary_variables", "3.4"))
      where view.find(name, from: variable) == nil {
        error("3.4", variable, "ancillary_variables", "names a variable that is not there", found: name)
      }
    }
  }

  private mutating func checkStandardName(_ variable: Variable) {
    guard let text = requiredText(variable, "standard_name", "3.3") else { return }
    guard let reading = StandardNames.read(text) else {
      error(
        "3.3", variable, "standard_name", "is not a name, or a name and a modifier",
        expected: suggestions(for: text).first, found: "\"\(text)\"")
      return
    }
    if !StandardNames.contains(reading.name) {
      let successors = StandardNames.names(ofAlias: reading.name)
      if successors.isEmpty {
        let near = suggestions(for: reading.name)
        error(
          "3.3", variable, "standard_name",
          "is not in the standard-name table (version \(StandardNames.tableVersion))",
          expected: near.isEmpty ? nil : near.joined(separator: " or "), found: reading.name)
      } else {
        warning(
          "3.3", variable, "standard_name", "is an old name, now an alias",
          expected: successors.joined(separator: " or "), found: reading.name)
      }
    }
    if let modifier = reading.modifier {
      if !reading.isModifierKnown {
        error(
          "C", variable, "standard_name", "has an unknown modifier",
          expected: StandardNames.modifiers.joined(separator: ", "), found: modifier)
      } else if modifier == "status_flag" || modifier == "number_of_observations" {
        warning(
          "C", variable, "standard_name", "has a deprecated modifier",
          expected: "the standard name `\(modifier)`", found: modifier)
      }
    }
  }

  /// A search through the table for each of thousands of wrong names would take too long.
  private mutating func suggestions(for name: String) -> [String] {
    searches += 1
    return searches > 100 ? [] : StandardNames.suggestions(for: name)
  }

  mutating func checkUnits() {
    for variable in view.variables {
      let units = requiredText(variable, "units", "3.1")
      if variable.type.isText || view.isBounds(variable) { continue }
      let reading = variable.attributes["standard_name"]?.text.flatMap(StandardNames.read)
      let name = reading.map {
        StandardNames.contains($0.name) ? $0.name : StandardNames.names(ofAlias: $0.name).first ?? $0.name
      }
      var canonical = name.flatMap {
        StandardNames.Reading(name: $0, modifier: reading?.modifier).canonicalUnits
      }
      if canonical == "" { canonical = nil }
      guard let units else {
        checkAbsentUnits(variable, name: name, canonical: canonical)
        continue
      }
      if CoordinateKind.isTimeUnits(units) {
        if let canonical, !Units.areConvertible(canonical, "s") {
          error(
            "3.1", variable, "units", "are of time, the standard name is not", expected: canonical,
            found: units)
        }
        continue
      }
      if units.isEmpty || units.allSatisfy(\.isWhitespace) {
        if let canonical, !Units.areConvertible(canonical, "1") {
          error("3.1", variable, "units", "are empty", expected: canonical)
        } else {
          warning("3.1", variable, "units", "are empty", expected: canonical ?? "1")
        }
        continue
      }
      if !Units.isValid(units) {
        error(
          "3.1", variable, "units", "are no unit that UDUNITS knows",
          expected: Units.repaired(units) ?? canonical, found: "\"\(units)\"")
        continue
      }
      if ["level", "layer", "sigma_level"].contains(units) {
        warning("3.1", variable, "units", "are deprecated", expected: "1", found: units)
      }
      guard let canonical else { continue }
      let expected = Self.afterMethods(canonical, variable.attributes["cell_methods"]?.text)
      if !Units.areConvertible(units, expected) {
        error(
          "3.1", variable, "units", "cannot be converted to those of the standard name \(name ?? "")",
          expected: expected, found: units)
      }
      if minorVersion >= 11, variable.attributes["units_metadata"] == nil, Units.areConvertible(units, "K"),
        canonical == "K"
      {
        warning(
          "3.1.2", variable, "units_metadata", "is missing for a temperature",
          expected: "temperature: on_scale, temperature: difference or temperature: unknown")
      }
    }
  }

  private mutating func checkAbsentUnits(_ variable: Variable, name: String?, canonical: String?) {
    if let canonical, !Units.areConvertible(canonical, "1") || canonical == "degree" {
      error("3.1", variable, "units", "are missing", expected: canonical)
    } else if canonical == nil, name == nil, variable.attributes["units"] == nil,
      !variable.dimensions.isEmpty,
      view.uses(of: variable).isDisjoint(with: [.gridMapping, .geometry]),
      variable.attributes["flag_values"] == nil, variable.attributes["flag_masks"] == nil,
      variable.attributes["compress"] == nil, variable.attributes["cf_role"] == nil
    {
      warning(
        "3.1", variable, "units", "are missing: the quantity is taken to have no dimension", expected: "1")
    }
  }

  /// Variances are in squared units.
  private static func afterMethods(_ units: String, _ methods: String?) -> String {
    let words = FileView.words(methods)
    return words.contains("variance") || words.contains("sum_of_squares") ? "(\(units))^2" : units
  }

  mutating func checkFlags() {
    for variable in view.variables {
      let values = variable.attributes["flag_values"]
      let masks = variable.attributes["flag_masks"]
      let meanings = requiredText(variable, "flag_meanings", "3.5")
      if values == nil, masks == nil {
        if meanings != nil {
          error("3.5", variable, "flag_meanings", "stands without flag_values or flag_masks")
        }
        continue
      }
      let words = FileView.words(meanings)
      if variable.attributes["flag_meanings"] == nil {
        error("3.5", variable, "flag_meanings", "is missing")
      }
      for (name, attribute) in [("flag_values", values), ("flag_masks", masks)] {
        guard let attribute else { continue }
        if attribute.elementType != variable.type, !(variable.type.isText && attribute.text != nil) {
          error(
            "3.5", variable, name, "is not of the variable's type", expected: variable.type.name,
            found: attribute.elementType.name)
        }
        let count = attribute.text.map { FileView.words($0).count } ?? attribute.count
        if !words.isEmpty, count != words.count {
          error(
            "3.5", variable, name, "has not as many values as flag_meanings has words",
            expected: "\(words.count)", found: "\(count)")
        }
      }
      if let values, masks == nil {
        let numbers = values.numbers
        if Set(numbers).count != numbers.count {
          error("3.5", variable, "flag_values", "has a value twice", found: values.shown)
        }
      }
      if let masks {
        if masks.numbers.contains(0) {
          error("3.5", variable, "flag_masks", "has a mask of 0", found: masks.shown)
        }
        if let values, values.count == masks.count {
          for (value, mask) in zip(values.numbers, masks.numbers) {
            if let v = Int64(exactly: value), let m = Int64(exactly: mask), v & m != v {
              error(
                "3.5", variable, "flag_values", "has bits outside of its mask", expected: "bits of \(m)",
                found: "\(v)")
            }
          }
        }
      }
      for word in words
      where !word.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_-.+@".contains($0)) }) {
        warning(
          "3.5", variable, "flag_meanings", "has a word with characters outside letters, digits and _-.+@",
          found: word)
      }
    }
  }
}
