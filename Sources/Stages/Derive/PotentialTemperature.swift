import Grids

enum PotentialTemperature: Quantity {
  static let declaration = QuantityDeclaration(
    name: "potential_temperature", aliases: ["air_potential_temperature"],
    summary: "temperature of air brought to 1000 hPa without exchange of heat, K",
    formula: "T (100000 Pa / p)^(2/7).", source: "Holton and Hakim (2013), section 2.7.1",
    roles: [.temperature, .pressure, .surfacePressure])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    try request.cellwise(
      [try request.find(.temperature)], pressure: true,
      VariableDescription(
        name: "potential_temperature", standardName: "air_potential_temperature",
        longName: "potential temperature", units: "K"), cost: 40, in: &graph
    ) { x in x[1] > 0 ? x[0] * System.pow(100_000 / x[1], MoistAir.kappa) : .nan }
  }
}
