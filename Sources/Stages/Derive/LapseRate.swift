import Grids

enum LapseRate: Quantity {
  static let declaration = QuantityDeclaration(
    name: "lapse_rate", aliases: ["air_temperature_lapse_rate"],
    summary: "decrease of the air temperature with height between two levels, K m-1",
    formula: """
      -(T(b) - T(a)) / (z(b) - z(a)) with the geopotential height z, from the geopotential by g = 9.80665 m s-2 where \
      only that is there.
      """,
    source: "WMO, International Meteorological Vocabulary (WMO-No. 182, 1992)",
    roles: [.temperature, .geopotentialHeight, .geopotential], keys: QuantityRequest.levelKeys)

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let temperature = try request.find(.temperature)
    let height = try request.height()
    let vertical = try VerticalAxis(
      of: temperature.stream.description, named: temperature.description.name, at: temperature.mark)
    if temperature.stream.node != height.stream.node {
      _ = try Alignment(
        of: height.stream, on: temperature.stream.description, named: temperature.stream.name)
    }
    let (a, b) = try request.twoLevels(vertical.axis)
    let units = vertical.axis.units.map { " \($0)" } ?? ""
    let text = "\(vertical.axis.values[a].plain) and \(vertical.axis.values[b].plain)\(units)"
    let fields = [
      try request.level(temperature, a, in: &graph), try request.level(temperature, b, in: &graph),
      try request.level(height, a, in: &graph), try request.level(height, b, in: &graph),
    ]
    return try request.cellwise(
      fields,
      VariableDescription(
        name: "lapse_rate", standardName: "air_temperature_lapse_rate",
        longName: "lapse rate between \(text)", units: "K m-1"), cost: 4, in: &graph
    ) { -($0[1] - $0[0]) / ($0[3] - $0[2]) }
  }
}
