import Grids

enum Divergence: Quantity {
  static let declaration = QuantityDeclaration(
    name: "divergence", aliases: ["divergence_of_wind"], summary: "horizontal divergence of the wind, s-1",
    formula: """
      1 / (a cos(lat)) (du/dlon + d(v cos(lat))/dlat) on a sphere of a = 6371229 m (grids with unequal steps too); \
      \(SphericalDerivative.method)
      """,
    source: "Holton and Hakim (2013), An Introduction to Dynamic Meteorology, 5th ed., section 4.2",
    roles: [.anyU, .anyV])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    try SphericalDerivative.plan(
      request, .divergence,
      VariableDescription(
        name: "divergence", standardName: "divergence_of_wind", longName: "divergence of the wind",
        units: "s-1"), in: &graph)
  }
}
