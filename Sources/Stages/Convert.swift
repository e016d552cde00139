import GridFiles
import Grids

/// Gives variables other units.
public struct Convert: Stage {
  public static let declaration = StageDeclaration(
    name: "convert", summary: "converts variables to other units",
    discussion: """
      Units are UDUNITS text; the conversion is x * factor + offset in double precision, rounded to \
      float32; differences of temperature (`units_metadata`) only by the factor. Amounts and fluxes of \
      water are also converted between mass and depth (kg m-2 s-1 to mm day-1, kg m-2 to mm), with the \
      1000 kg m-3 of liquid water that CF's `lwe` quantities are defined by, when the standard name says \
      that the variable is one (precipitation_flux, snowfall_amount, ...): the standard name then \
      changes to its counterpart (lwe_precipitation_rate, ...), since CF gives each the units of one \
      kind. The names of the variables stay.
      """,
    keys: [
      Key("input", .stream, "the field"),
      Key(
        "units", .either([.text, .dictionary(.text)]), required: true,
        "the new units of all variables, or variable: units"),
    ])
  private let units: ConfigValue

  public init(_ arguments: Arguments) throws(PlanError) {
    guard let units = arguments.value("units") else {
      throw PlanError("`units` is missing", at: arguments.mark)
    }
    self.units = units
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    var wanted: [(variable: Int, units: ConfigValue)] = []
    if case .mapping(let entries) = units.content {
      for entry in entries {
        let index = try input.variable(entry.key, at: entry.keyMark)
        guard !wanted.contains(where: { $0.variable == index }) else {
          throw PlanError(
            "the units of `\(entry.key)` are given twice", at: entry.keyMark, subject: entry.key)
        }
        wanted.append((index, entry.value))
      }
    } else {
      wanted = input.description.variables.indices.map { ($0, units) }
    }
    var output = input.description
    var changes = [Affine.Change](repeating: .init(), count: output.variables.count)
    for (index, value) in wanted {
      guard let text = value.text, !text.isEmpty else {
        throw PlanError("expected units, found \(value.kindName)", at: value.mark)
      }
      let variable = input.description.variables[index]
      guard let from = variable.units else {
        throw PlanError(
          "`\(variable.name)` has no units to convert from", at: value.mark, subject: variable.name,
          remedy: "state them at the input: `attributes: {units: ...}`")
      }
      do {
        let conversion = try UnitConversion(from: from, to: text)
        changes[index] = .init(shift: 0, factor: conversion.factor, offset: conversion.offset)
        // A difference of 1 K is one of 1 degC.
        if variable.isTemperatureDifference { changes[index].offset = 0 }
      } catch {
        guard let (factor, name) = WaterDepth.conversion(of: variable, to: text) else {
          throw PlanError(
            error.cause, at: value.mark, subject: variable.name,
            remedy: error.remedy ?? "`\(variable.name)` is in \(from): give units of the same dimension")
        }
        changes[index] = .init(shift: 0, factor: factor, offset: 0)
        output.variables[index].standardName = name
      }
      output.variables[index].units = text
    }
    let label =
      "convert to " + wanted.map { output.variables[$0.variable].units ?? "" }.joined(separator: ", ")
    return graph.add(Affine(label: label, output: output, changes: changes), inputs: [input.node])
  }
}

/// Mass of water on an area, and the depth that it has as liquid (CF: "lwe" means liquid water equivalent).
enum WaterDepth {
  /// kg m-3.
  static let density = 1000.0
  /// Standard names by mass, and their counterparts by depth.
  static let counterparts: [(mass: String, depth: String)] = [
    ("precipitation_flux", "lwe_precipitation_rate"),
    ("convective_precipitation_flux", "lwe_convective_precipitation_rate"),
    ("stratiform_precipitation_flux", "lwe_stratiform_precipitation_rate"),
    ("snowfall_flux", "lwe_snowfall_rate"),
    ("rainfall_flux", "rainfall_rate"),
    ("convective_rainfall_flux", "convective_rainfall_rate"),
    ("water_evapotranspiration_flux", "lwe_water_evaporation_rate"),
    ("precipitation_amount", "lwe_thickness_of_precipitation_amount"),
    ("convective_precipitation_amount", "lwe_thickness_of_convective_precipitation_amount"),
    ("snowfall_amount", "lwe_thickness_of_snowfall_amount"),
    ("rainfall_amount", "thickness_of_rainfall_amount"),
    ("surface_snow_amount", "lwe_thickness_of_surface_snow_amount"),
    ("atmosphere_mass_content_of_water_vapor", "lwe_thickness_of_atmosphere_mass_content_of_water_vapor"),
  ]

  /// The factor and the new standard name; nil when the variable is no such quantity or the units do not fit.
  static func conversion(of variable: VariableDescription, to units: String) -> (Double, String)? {
    guard let from = variable.units, let name = variable.standardName else { return nil }
    for pair in counterparts {
      let isRate = pair.mass.hasSuffix("_flux")
      let (massUnits, depthUnits) = isRate ? ("kg m-2 s-1", "m s-1") : ("kg m-2", "m")
      if name == pair.mass, let toMass = try? UnitConversion(from: from, to: massUnits),
        let toWanted = try? UnitConversion(from: depthUnits, to: units)
      {
        return (toMass.factor / density * toWanted.factor, pair.depth)
      }
      if name == pair.depth, let toDepth = try? UnitConversion(from: from, to: depthUnits),
        let toWanted = try? UnitConversion(from: massUnits, to: units)
      {
        return (toDepth.factor * density * toWanted.factor, pair.mass)
      }
    }
    return nil
  }
}
