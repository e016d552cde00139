import Grids

enum VirtualTemperature: Quantity {
  static let declaration = QuantityDeclaration(
    name: "virtual_temperature", summary: "temperature of dry air of the same density and pressure, K",
    formula: "T (1 + (1 / 0.62198 - 1) q).",
    source: "Wallace and Hobbs (2006), Atmospheric Science, section 3.1.1",
    roles: [.temperature, .specificHumidity])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    try request.cellwise(
      [try request.find(.temperature), try request.find(.specificHumidity)],
      VariableDescription(
        name: "virtual_temperature", standardName: "virtual_temperature", longName: "virtual temperature",
        units: "K"), in: &graph
    ) { $0[0] * (1 + (1 / MoistAir.epsilon - 1) * $0[1]) }
  }
}
