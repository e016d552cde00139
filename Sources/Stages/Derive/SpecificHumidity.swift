import Grids

enum SpecificHumidity: Quantity {
  static let declaration = QuantityDeclaration(
    name: "specific_humidity", summary: "mass of water vapour in a mass of moist air, 1",
    formula: """
      From the dew point or from relative humidity and temperature: 0.62198 e / (p - 0.37802 e), where e is the \
      saturation vapour pressure over water es at the dew point, or the relative humidity times es(T), with \
      es(T) = 611.2 Pa exp(17.67 (T - 273.15) / (T - 29.65)). From the mixing ratio w: w / (1 + w). The pressure is that \
      of the level axis, a variable, or at the surface the surface pressure.
      """,
    source: MoistAir.bolton + "; WMO-No. 8 (2021), annex 4.A",
    roles: [.mixingRatio, .dewPoint, .relativeHumidity, .temperature, .pressure, .surfacePressure])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let result = VariableDescription(
      name: "specific_humidity", standardName: "specific_humidity", longName: "specific humidity", units: "1")
    if let ratio = try request.findIfThere(.mixingRatio) {
      return try request.cellwise([ratio], result, in: &graph) { $0[0] / (1 + $0[0]) }
    }
    if let dewPoint = try request.findIfThere(.dewPoint) {
      return try request.cellwise([dewPoint], pressure: true, result, cost: 40, in: &graph) { x in
        MoistAir.specificHumidity(MoistAir.saturationPressure(x[0]), x[1])
      }
    }
    guard let relative = try request.findIfThere(.relativeHumidity) else {
      throw request.missing(
        "a humidity", ["relative_humidity", "dew_point_temperature", "humidity_mixing_ratio"],
        key: Role.relativeHumidity.key)
    }
    return try request.cellwise(
      [relative, try request.find(.temperature)], pressure: true, result, cost: 40, in: &graph
    ) { x in MoistAir.specificHumidity(x[0] * MoistAir.saturationPressure(x[1]), x[2]) }
  }
}
