import Grids

enum VapourTransport: Quantity {
  static let declaration = QuantityDeclaration(
    name: "vapour_transport",
    summary: """
      integrated vapour transport (IVT), kg m-1 s-1: its eastward and northward component and its magnitude
      """,
    formula: "1/g integral q u dp, 1/g integral q v dp, and the square root of the sum of their squares; "
      + "g = 9.80665 m s-2. " + ColumnIntegral.method,
    source: """
      Zhu and Newell (1998), A proposed algorithm for moisture fluxes from atmospheric rivers, Mon. Wea. Rev. 126, \
      725-735
      """,
    roles: [.specificHumidity, .u, .v, .surfacePressure])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let fields = [try request.find(.specificHumidity), try request.find(.u), try request.find(.v)]
    let components = try request.columnIntegral(
      fields, products: [[0, 1], [0, 2]],
      [
        VariableDescription(
          name: "vapour_transport_east",
          standardName: "eastward_atmosphere_water_vapor_transport_across_unit_distance",
          longName: "eastward integrated vapour transport", units: "kg m-1 s-1"),
        VariableDescription(
          name: "vapour_transport_north",
          standardName: "northward_atmosphere_water_vapor_transport_across_unit_distance",
          longName: "northward integrated vapour transport", units: "kg m-1 s-1"),
      ], in: &graph)
    let stream = StageInputs.Stream(
      name: request.quantity.name, node: components, description: graph.description(components),
      mark: request.mark)
    let (east, north) = (
      Located(stream: stream, variable: 0, conversion: Linear(), mark: request.mark),
      Located(stream: stream, variable: 1, conversion: Linear(), mark: request.mark)
    )
    let magnitude = try request.cellwise(
      [east, north],
      VariableDescription(
        name: "vapour_transport", longName: "integrated vapour transport", units: "kg m-1 s-1"), cost: 4,
      in: &graph
    ) { ($0[0] * $0[0] + $0[1] * $0[1]).squareRoot() }
    return try Stack.join(
      [
        .init(
          name: request.quantity.name, node: magnitude, description: graph.description(magnitude),
          mark: request.mark), stream,
      ], in: &graph)
  }
}
