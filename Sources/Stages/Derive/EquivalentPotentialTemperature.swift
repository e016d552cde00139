import Grids

enum EquivalentPotentialTemperature: Quantity {
  static let declaration = QuantityDeclaration(
    name: "equivalent_potential_temperature", aliases: ["air_equivalent_potential_temperature"],
    summary: "potential temperature after all vapour has condensed and given its heat to the air, K",
    formula: """
      Bolton's equation 43 with the condensation temperature of his equation 21: \
      TL = 2840 / (3.5 ln T - ln e - 4.805) + 55 (e in hPa), r = 622 e / (p - e) in g kg-1, \
      T (1000 / p)^(0.2854 (1 - 0.00028 r)) exp((3.376 / TL - 0.00254) r (1 + 0.00081 r)).
      """,
    source: MoistAir.bolton, roles: [.temperature, .specificHumidity, .pressure, .surfacePressure])

  static func plan(_ request: QuantityRequest, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    try request.cellwise(
      [try request.find(.temperature), try request.find(.specificHumidity)], pressure: true,
      VariableDescription(
        name: "equivalent_potential_temperature", standardName: "air_equivalent_potential_temperature",
        longName: "equivalent potential temperature", units: "K"), cost: 120, in: &graph
    ) { x in
      let (t, p) = (x[0], x[2] / 100)
      let e = MoistAir.vapourPressure(x[1], x[2]) / 100
      guard t > 0, p > 0, e < p else { return .nan }
      // Dry air has no condensation level, and then r = 0 takes its term away.
      let r = max(0, 622 * e / (p - e))
      let dry = t * System.pow(1000 / p, 0.2854 * (1 - 0.00028 * r))
      guard e > 0 else { return dry }
      let level = 2840 / (3.5 * System.log(t) - System.log(e) - 4.805) + 55
      return dry * System.exp((3.376 / level - 0.00254) * r * (1 + 0.00081 * r))
    }
  }
}
