import Grids

enum VapourPressureDeficit: Quantity {
  static let declaration = QuantityDeclaration(
    name: "vapour_pressure_deficit", aliases: ["water_vapor_saturation_deficit_in_air"],
    summary: "saturation vapour pressure over water less the vapour pressure, Pa",
    formula: "es(T) (1 - relative humidity), with es(T) = 611.2 Pa exp(17.67 (T - 273.15) / (T - 29.65)).",
    source: MoistAir.bolton, roles: [.relativeHumidity, .temperature])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    try request.cellwise(
      [try request.find(.relativeHumidity), try request.find(.temperature)],
      VariableDescription(
        name: "vapour_pressure_deficit", standardName: "water_vapor_saturation_deficit_in_air",
        longName: "vapour pressure deficit", units: "Pa"), cost: 30, in: &graph
    ) { (1 - $0[0]) * MoistAir.saturationPressure($0[1]) }
  }
}
