import Grids

enum Vorticity: Quantity {
  static let declaration = QuantityDeclaration(
    name: "vorticity", aliases: ["atmosphere_upward_relative_vorticity", "atmosphere_relative_vorticity"],
    summary: "vertical component of the relative vorticity of the wind, s-1",
    formula: """
      1 / (a cos(lat)) (dv/dlon - d(u cos(lat))/dlat) on a sphere of a = 6371229 m (grids with unequal steps too); \
      \(SphericalDerivative.method)
      """,
    source: "Holton and Hakim (2013), An Introduction to Dynamic Meteorology, 5th ed., section 4.2",
    roles: [.anyU, .anyV])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    try SphericalDerivative.plan(
      request, .vorticity,
      VariableDescription(
        name: "vorticity", standardName: "atmosphere_upward_relative_vorticity",
        longName: "relative vorticity",
        units: "s-1"), in: &graph)
  }
}
