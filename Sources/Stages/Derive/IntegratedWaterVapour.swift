import Grids

enum IntegratedWaterVapour: Quantity {
  static let declaration = QuantityDeclaration(
    name: "integrated_water_vapour", aliases: ["atmosphere_mass_content_of_water_vapor"],
    summary: "mass of the water vapour above an area, kg m-2 (the same number in mm of water)",
    formula: "1/g integral q dp, g = 9.80665 m s-2. " + ColumnIntegral.method,
    source: "AMS Glossary of Meteorology, precipitable water",
    roles: [.specificHumidity, .surfacePressure])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let humidity = try request.find(.specificHumidity)
    return try request.columnIntegral(
      [humidity], products: [[0]],
      [
        VariableDescription(
          name: "integrated_water_vapour", standardName: "atmosphere_mass_content_of_water_vapor",
          longName: "integrated water vapour", units: "kg m-2", cellMethods: humidity.description.cellMethods)
      ], in: &graph)
  }
}
