import Grids

enum WindDirection: Quantity {
  static let declaration = QuantityDeclaration(
    name: "wind_direction", aliases: ["wind_from_direction"],
    summary: "direction that the wind blows from, degrees clockwise from north, 0 up to 360",
    formula: "atan2(-u, -v); missing where there is no wind.", source: "WMO-No. 8 (2021), part I, chapter 5",
    roles: [.u, .v])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let (u, v) = (try request.find(.u), try request.find(.v))
    for wind in [u, v] {
      guard let name = wind.description.standardName, name.hasPrefix("grid_") || name.hasSuffix("_wind"),
        !["eastward_wind", "northward_wind"].contains(name)
      else { continue }
      throw PlanError(
        "`\(wind.description.name)` is a component along the grid's axes (\(name)), the direction needs eastward and "
          + "northward wind", at: wind.mark, subject: wind.description.name)
    }
    return try request.cellwise(
      [u, v],
      VariableDescription(
        name: "wind_direction", standardName: "wind_from_direction", longName: "direction of the wind",
        units: "degree"), cost: 30, in: &graph
    ) { x in
      if x[0] == 0, x[1] == 0 { return .nan }
      let degrees = System.atan2(-x[0], -x[1]) * (180 / Double.pi)
      let positive = degrees < 0 ? degrees + 360 : degrees
      return Float(positive) >= 360 ? 0 : positive
    }
  }
}
