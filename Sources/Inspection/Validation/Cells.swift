import GridFiles
import Grids

/// CF chapter 7: bounds, climatologies, cell measures.
extension Checker {
  mutating func checkBounds() {
    for variable in view.variables {
      let bounds = requiredText(variable, "bounds", "7.1")
      let climatology = requiredText(variable, "climatology", "7.4")
      if bounds != nil, climatology != nil {
        error("7.4", variable, "climatology", "stands beside bounds")
      }
      if let bounds { checkBounds(variable, "bounds", bounds) }
      if let climatology {
        checkBounds(variable, "climatology", climatology)
        if CoordinateKind(variable) != .time {
          error("7.4", variable, "climatology", "stands at a variable that is no time")
        }
      }
    }
  }

  private mutating func checkBounds(_ variable: Variable, _ attribute: String, _ name: String) {
    let section = attribute == "bounds" ? "7.1" : "7.4"
    guard let bounds = view.find(name, from: variable) else {
      error(section, variable, attribute, "names a variable that is not there", found: name)
      return
    }
    let own = variable.dimensions
    let theirs = bounds.dimensions
    if theirs.count != own.count + 1 {
      error(
        section, variable, attribute, "`\(name)` has not one dimension more than the variable",
        expected: "\(own.count + 1) dimensions", found: "\(theirs.count)")
    } else if zip(own, theirs).contains(where: { $0.name != $1.name || $0.length != $1.length }) {
      error(
        section, variable, attribute, "the dimensions of `\(name)` do not begin with those of the variable",
        expected: own.map(\.name).joined(separator: ", "), found: theirs.map(\.name).joined(separator: ", "))
    } else if let vertices = theirs.last?.length {
      if own.count <= 1 && vertices != 2 && !view.isAuxiliary(variable) {
        error(
          section, variable, attribute, "`\(name)` has not two values for a cell of a 1-D coordinate",
          expected: "2", found: "\(vertices)")
      } else if own.count == 2, vertices < 3, attribute == "bounds", theirs.count == 3 {
        error(
          section, variable, attribute, "`\(name)` has too few vertices for the cells of a 2-D coordinate",
          expected: "3 or more", found: "\(vertices)")
      }
    }
    if !bounds.type.isNumeric {
      error(section, bounds, nil, "is not numeric", expected: variable.type.name, found: bounds.type.name)
    }
    for name in ["units", "standard_name", "axis", "positive", "calendar", "leap_month", "leap_year"] {
      guard let value = bounds.attributes[name] else { continue }
      let parent = variable.attributes[name]
      if parent?.value == value.value || (parent?.text != nil && parent?.text == value.text) {
        if name == "units" || name == "calendar" || name == "standard_name" {
          warning(
            section, bounds, name,
            "repeats that of `\(variable.name)`: bounds inherit it and should not have it")
        }
      } else {
        error(
          section, bounds, name, "differs from that of `\(variable.name)`", expected: parent?.shown ?? "none",
          found: value.shown)
      }
    }
    for name in ["_FillValue", "missing_value"]
    where bounds.attributes[name] != nil && view.isCoordinate(variable) {
      warning(section, bounds, name, "stands at the bounds of a coordinate variable, which miss nothing")
    }
  }

  mutating func checkCellMeasures() {
    let external = Set(FileView.words(view.header.root.attributes["external_variables"]?.text))
    for variable in view.variables {
      guard let text = requiredText(variable, "cell_measures", "7.2") else { continue }
      guard let pairs = FileView.pairs(text), pairs.allSatisfy({ $0.values.count == 1 }) else {
        error("7.2", variable, "cell_measures", "is not of the form `measure: variable`", found: text)
        continue
      }
      for pair in pairs {
        if pair.key != "area", pair.key != "volume" {
          error(
            "7.2", variable, "cell_measures", "names an unknown measure", expected: "area or volume",
            found: pair.key)
        }
        for name in pair.values {
          guard let measure = view.find(name, from: variable) else {
            if !external.contains(name) {
              error(
                "7.2", variable, "cell_measures",
                "names a variable that is neither there nor among the external_variables", found: name)
            }
            continue
          }
          let expected = pair.key == "volume" ? "m3" : "m2"
          let units = measure.attributes["units"]?.text
          if units.map({ Units.areConvertible($0, expected) }) != true {
            error(
              "7.2", measure, "units", "are not of \(pair.key)", expected: expected, found: units)
          }
          let dimensions = Set(variable.dimensions.map(\.name))
          if !measure.dimensions.allSatisfy({ dimensions.contains($0.name) }) {
            error(
              "7.2", variable, "cell_measures",
              "names `\(name)`, which has a dimension that the variable has not",
              found: measure.dimensions.map(\.name).joined(separator: ", "))
          }
        }
      }
    }
  }
}
