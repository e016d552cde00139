import Grids

enum GeopotentialThickness: Quantity {
  static let declaration = QuantityDeclaration(
    name: "geopotential_thickness",
    aliases: ["atmosphere_layer_thickness_expressed_as_geopotential_height_difference"],
    summary: "difference of the geopotential height between two levels, m",
    formula: "|z(b) - z(a)|, the height from the geopotential by g = 9.80665 m s-2 where only that is there.",
    source: "WMO-No. 8 (2021); Holton and Hakim (2013), section 1.4",
    roles: [.geopotentialHeight, .geopotential], keys: QuantityRequest.levelKeys)

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let height = try request.height()
    let vertical = try VerticalAxis(
      of: height.stream.description, named: height.description.name, at: height.mark)
    let (a, b) = try request.twoLevels(vertical.axis)
    let low = try request.level(height, a, in: &graph)
    let high = try request.level(height, b, in: &graph)
    let units = vertical.axis.units.map { " \($0)" } ?? ""
    let text = "\(vertical.axis.values[a].plain) and \(vertical.axis.values[b].plain)\(units)"
    return try request.cellwise(
      [low, high],
      VariableDescription(
        name: "geopotential_thickness",
        standardName: "atmosphere_layer_thickness_expressed_as_geopotential_height_difference",
        longName: "thickness between \(text)", units: "m"), cost: 2, in: &graph
    ) { abs($0[1] - $0[0]) }
  }
}
