import GridFiles
import Grids

/// CF 2.5.1 and 8.1: missing data, valid range, packing.
extension Checker {
  mutating func checkMissing() {
    for variable in view.variables where variable.type.isNumeric || variable.type == .char {
      for name in ["_FillValue", "missing_value", "valid_min", "valid_max", "valid_range", "actual_range"] {
        guard let attribute = variable.attributes[name] else { continue }
        let count = name.hasSuffix("_range") ? 2 : 1
        if attribute.count != count, !(name == "missing_value" && attribute.count > 1) {
          error(
            "2.5.1", variable, name, "has the wrong number of values", expected: "\(count)",
            found: "\(attribute.count)")
        }
        // `actual_range` is of the type of the unpacked values.
        let isTextForText = variable.type == .char && attribute.elementType == .char
        if attribute.elementType != variable.type, !isTextForText, name != "actual_range" {
          if attribute.numbers.isEmpty, variable.type.isNumeric {
            error(
              "2.5.1", variable, name, "is not a number", expected: variable.type.name,
              found: attribute.elementType.name)
          } else if !Self.isUnsignedTwin(variable, attribute) {
            error(
              "2.5.1", variable, name, "is not of the variable's type", expected: variable.type.name,
              found: attribute.elementType.name)
          }
        }
      }
      checkRange(variable)
      if view.isCoordinate(variable) {
        for name in ["_FillValue", "missing_value"] where variable.attributes[name] != nil {
          error(
            "2.5.1", variable, name, "is not allowed for a coordinate variable: it has no missing values",
            found: variable.attributes[name]?.shown)
        }
      }
      if let fill = variable.attributes["_FillValue"]?.number,
        let missing = variable.attributes["missing_value"]?.number, fill != missing,
        !(fill.isNaN && missing.isNaN)
      {
        warning(
          "2.5.1", variable, "missing_value", "differs from _FillValue", expected: "\(fill)",
          found: "\(missing)")
      }
    }
  }

  /// Signed and unsigned of one size are the same type where `_Unsigned` says so.
  private static func isUnsignedTwin(_ variable: Variable, _ attribute: Attribute) -> Bool {
    variable.attributes["_Unsigned"] != nil && attribute.elementType.isInteger
      && attribute.elementType.size == variable.type.size
  }

  private mutating func checkRange(_ variable: Variable) {
    let range = variable.attributes["valid_range"]
    if range != nil, variable.attributes["valid_min"] != nil || variable.attributes["valid_max"] != nil {
      error("2.5.1", variable, "valid_range", "stands beside valid_min or valid_max")
    }
    let numbers = range?.numbers ?? []
    let low = numbers.count == 2 ? numbers[0] : variable.attributes["valid_min"]?.number
    let high = numbers.count == 2 ? numbers[1] : variable.attributes["valid_max"]?.number
    let name = range == nil ? "valid_min" : "valid_range"
    let isUnsigned = variable.attributes["_Unsigned"]?.text == "true"
    if let low, let high {
      if low > high, !isUnsigned {
        error(
          "2.5.1", variable, name, "is upside down: the minimum is above the maximum",
          found: "\(low), \(high)")
      } else if let fill = variable.attributes["_FillValue"]?.number, fill >= low, fill <= high {
        warning("2.5.1", variable, "_FillValue", "lies inside the valid range", found: "\(fill)")
      }
    }
    if let actual = variable.attributes["actual_range"]?.numbers, actual.count == 2, actual[0] > actual[1] {
      error("2.5.1", variable, "actual_range", "is upside down", found: "\(actual[0]), \(actual[1])")
    }
  }

  mutating func checkPacking() {
    for variable in view.variables {
      let scale = variable.attributes["scale_factor"]
      let offset = variable.attributes["add_offset"]
      guard scale != nil || offset != nil else { continue }
      for (name, attribute) in [("scale_factor", scale), ("add_offset", offset)] {
        guard let attribute else { continue }
        guard let number = attribute.number, attribute.count == 1, number.isFinite else {
          error("8.1", variable, name, "is not one finite number", found: attribute.shown)
          continue
        }
        if name == "scale_factor", number == 0 {
          error("8.1", variable, name, "is 0: all values would be the same")
        }
        let type = attribute.elementType
        if type != variable.type, type != .float32, type != .float64 {
          error(
            "8.1", variable, name, "is neither of the variable's type nor float or double",
            expected: "float, double or \(variable.type.name)", found: type.name)
        }
      }
      if let scale, let offset, scale.elementType != offset.elementType {
        error(
          "8.1", variable, "add_offset", "is not of the type of scale_factor",
          expected: scale.elementType.name, found: offset.elementType.name)
      }
      let unpacked = (scale ?? offset)?.elementType
      if let unpacked, unpacked != variable.type, !variable.type.isInteger {
        error(
          "8.1", variable, nil, "is packed to \(unpacked.name), but is not stored in integers",
          expected: "byte, short or int", found: variable.type.name)
      }
      if variable.type.isInteger, variable.type.size == 4, unpacked == .float32 {
        warning(
          "8.1", variable, nil, "float cannot hold all values of a packed int",
          expected: "scale_factor and add_offset in double", found: "float")
      }
    }
  }
}
