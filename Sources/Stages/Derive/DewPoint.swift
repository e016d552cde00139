import Grids

enum DewPoint: Quantity {
  static let declaration = QuantityDeclaration(
    name: "dew_point", aliases: ["dew_point_temperature"],
    summary: "temperature at which the air is saturated over water, K",
    formula: """
      es(T) = 611.2 Pa exp(17.67 (T - 273.15) / (T - 29.65)) solved for T at the vapour pressure: the relative humidity \
      times es(T), or q p / (0.62198 + 0.37802 q). Missing in dry air.
      """,
    source: MoistAir.bolton,
    roles: [.relativeHumidity, .temperature, .specificHumidity, .pressure, .surfacePressure])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let result = VariableDescription(
      name: "dew_point", standardName: "dew_point_temperature", longName: "dew point", units: "K")
    if let relative = try request.findIfThere(.relativeHumidity) {
      return try request.cellwise(
        [relative, try request.find(.temperature)], result, cost: 60, in: &graph
      ) { x in MoistAir.dewPoint(x[0] * MoistAir.saturationPressure(x[1])) }
    }
    guard let specific = try request.findIfThere(.specificHumidity) else {
      throw request.missing(
        "a humidity", ["relative_humidity", "specific_humidity"], key: Role.relativeHumidity.key)
    }
    return try request.cellwise([specific], pressure: true, result, cost: 40, in: &graph) { x in
      MoistAir.dewPoint(MoistAir.vapourPressure(x[0], x[1]))
    }
  }
}
