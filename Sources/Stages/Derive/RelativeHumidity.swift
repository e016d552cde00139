import Grids

enum RelativeHumidity: Quantity {
  static let declaration = QuantityDeclaration(
    name: "relative_humidity", summary: "vapour pressure over its saturation value over water, 1",
    formula: """
      e / es(T), over water at every temperature. From the dew point Td: es(Td) / es(T); from the specific humidity q: \
      e = q p / (0.62198 + 0.37802 q). es(T) = 611.2 Pa exp(17.67 (T - 273.15) / (T - 29.65)). Above 1 where the air is \
      supersaturated.
      """,
    source: MoistAir.bolton + "; WMO-No. 8 (2021), annex 4.A",
    roles: [.dewPoint, .specificHumidity, .temperature, .pressure, .surfacePressure])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let result = VariableDescription(
      name: "relative_humidity", standardName: "relative_humidity", longName: "relative humidity over water",
      units: "1")
    let temperature = try request.find(.temperature)
    if let dewPoint = try request.findIfThere(.dewPoint) {
      return try request.cellwise([dewPoint, temperature], result, cost: 60, in: &graph) { x in
        MoistAir.saturationPressure(x[0]) / MoistAir.saturationPressure(x[1])
      }
    }
    guard let specific = try request.findIfThere(.specificHumidity) else {
      throw request.missing(
        "a humidity", ["specific_humidity", "dew_point_temperature"], key: Role.specificHumidity.key)
    }
    return try request.cellwise(
      [specific, temperature], pressure: true, result, cost: 40, in: &graph
    ) { x in
      x[2] > 0 ? MoistAir.vapourPressure(x[0], x[2]) / MoistAir.saturationPressure(x[1]) : .nan
    }
  }
}
