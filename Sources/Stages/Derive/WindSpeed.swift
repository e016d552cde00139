import Grids

enum WindSpeed: Quantity {
  static let declaration = QuantityDeclaration(
    name: "wind_speed", summary: "speed of the horizontal wind, m s-1",
    formula: "(u^2 + v^2)^1/2; any two components at right angles do.",
    source: "definition", roles: [.anyU, .anyV])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    try request.cellwise(
      [try request.find(.anyU), try request.find(.anyV)],
      VariableDescription(
        name: "wind_speed", standardName: "wind_speed", longName: "wind speed", units: "m s-1"),
      cost: 4, in: &graph
    ) { ($0[0] * $0[0] + $0[1] * $0[1]).squareRoot() }
  }
}

extension Role {
  /// Components along the grid's own axes too.
  static let anyU = Role(
    "u", "the eastward wind", ["eastward_wind", "x_wind", "grid_eastward_wind"], units: "m s-1")
  static let anyV = Role(
    "v", "the northward wind", ["northward_wind", "y_wind", "grid_northward_wind"], units: "m s-1")
}
