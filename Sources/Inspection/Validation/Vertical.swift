import GridFiles
import Grids

/// Parametric vertical coordinates: the terms of CF appendix D.
enum FormulaTerms {
  /// Standard name -> sets of terms, one of which must be complete.
  static let required: [String: [Set<String>]] = [
    "atmosphere_ln_pressure_coordinate": [["p0", "lev"]],
    "atmosphere_sigma_coordinate": [["sigma", "ps", "ptop"]],
    "atmosphere_hybrid_sigma_pressure_coordinate": [["a", "b", "ps", "p0"], ["ap", "b", "ps"]],
    "atmosphere_hybrid_height_coordinate": [["a", "b", "orog"]],
    "atmosphere_sleve_coordinate": [["a", "b1", "b2", "ztop", "zsurf1", "zsurf2"]],
    "ocean_sigma_coordinate": [["sigma", "eta", "depth"]],
    "ocean_s_coordinate": [["s", "eta", "depth", "a", "b", "depth_c"]],
    "ocean_s_coordinate_g1": [["s", "C", "eta", "depth", "depth_c"]],
    "ocean_s_coordinate_g2": [["s", "C", "eta", "depth", "depth_c"]],
    "ocean_sigma_z_coordinate": [
      ["sigma", "eta", "depth", "depth_c", "zlev"], ["sigma", "eta", "depth", "nsigma", "zlev"],
    ],
    "ocean_double_sigma_coordinate": [["sigma", "depth", "z1", "z2", "a", "href", "k_c"]],
  ]
}

/// CF 4.3: vertical coordinates.
extension Checker {
  mutating func checkVertical() {
    for variable in view.variables {
      let name = variable.attributes["standard_name"]?.text.flatMap(StandardNames.read)?.name
      if view.isCoordinate(variable) || view.isAuxiliary(variable), !variable.type.isText,
        CoordinateKind(variable) == .vertical, variable.attributes["positive"] == nil,
        name != "model_level_number"
      {
        let units = variable.attributes["units"]?.text
        let isParametric = name.map { FormulaTerms.required[$0] != nil } ?? false
        if let units, !Units.areConvertible(units, "Pa"), !isParametric {
          let isObvious = name.map { ["height", "altitude", "depth"].contains($0) } ?? false
          if isObvious {
            warning("4.3", variable, "positive", "is missing", expected: name == "depth" ? "down" : "up")
          } else {
            error(
              "4.3", variable, "positive", "is missing, and the units are not of pressure",
              expected: "up or down")
          }
        }
      }
      checkTerms(variable, name)
    }
  }

  private mutating func checkTerms(_ variable: Variable, _ name: String?) {
    let required = name.flatMap { FormulaTerms.required[$0] }
    guard let text = requiredText(variable, "formula_terms", "4.3.3") else {
      if let required, variable.attributes["formula_terms"] == nil, view.isCoordinate(variable) {
        error(
          "4.3.3", variable, "formula_terms", "is missing",
          expected: required[0].sorted().map { "\($0): ..." }.joined(separator: " "))
      }
      return
    }
    guard let pairs = FileView.pairs(text), pairs.allSatisfy({ $0.values.count == 1 }) else {
      error(
        "4.3.3", variable, "formula_terms", "is not of the form `term: variable term: variable`", found: text)
      return
    }
    for pair in pairs {
      for value in pair.values where view.find(value, from: variable) == nil {
        error(
          "4.3.3", variable, "formula_terms", "names, for `\(pair.key)`, a variable that is not there",
          found: value)
      }
    }
    // Bounds of a parametric coordinate have terms too, and no standard name of their own.
    guard !view.isBounds(variable) else { return }
    guard let required else {
      error(
        "4.3.3", variable, "formula_terms",
        "stands at a variable whose standard_name is no parametric coordinate",
        found: name)
      return
    }
    let terms = Set(pairs.map(\.key))
    if !required.contains(where: { $0.isSubset(of: terms) }) {
      let best = required.min { $0.subtracting(terms).count < $1.subtracting(terms).count } ?? []
      error(
        "4.3.3", variable, "formula_terms", "lacks terms of \(name ?? "")",
        expected: best.sorted().joined(separator: ", "), found: terms.sorted().joined(separator: ", "))
    }
    let allowed = required.reduce(into: Set<String>()) { $0.formUnion($1) }
    for term in terms.subtracting(allowed).sorted() {
      error("4.3.3", variable, "formula_terms", "has a term that \(name ?? "") has not", found: term)
    }
  }
}
