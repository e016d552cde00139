import Grids

/// Finds fronts.
public struct Fronts: Stage {
  public static let declaration = StageDeclaration(
    name: "fronts",
    summary: "finds fronts: lines of strongest thermal gradient (thermal front parameter, Canny ridges)",
    discussion: """
      The quantity (a potential, equivalent or wet-bulb potential temperature at 850 hPa, or the temperature) is smoothed, \
      its horizontal gradient taken by centred differences in K per 100 km. A cell is on a front when the gradient is at \
      least `gradient` and is a ridge: no larger value on either side in the direction of the gradient, between neighbours \
      (Canny 1986, IEEE PAMI 8, 679-698), which is where the thermal front parameter -grad |grad T| . grad T / |grad T| \
      changes its sign; with `line: warm-edge` where that parameter itself is a ridge (Renard and Clarke 1965, Mon. Wea. \
      Rev. 93, 547-556; Hewson 1998, Meteorol. Appl. 5, 37-65). A line that nowhere reaches `seed`, or is shorter than \
      `length`, is dropped. With a wind the front's kind is told by the wind towards the warm air: cold from `slow` on, \
      warm from -`slow` down, else stationary. Latitude-longitude grids only.
      """,
    keys: [
      Key("input", .stream, "the field with the temperature"),
      Key("with", .streams, "further fields on the same grid, such as the wind"),
      Key("variable", .text, default: "the only one, or by standard name", "the thermal quantity"),
      Key("gradient", .number, default: "1.5", "K per 100 km that a front has everywhere"),
      Key("seed", .number, default: "that of `gradient`", "K per 100 km that it reaches somewhere"),
      Key("smooth", .integer, default: "2", "times that the quantity is smoothed"),
      Key(
        "line", .choice(["gradient", "warm-edge"]), default: "gradient", "where the front lies in its zone"),
      Key("u", .text, "the eastward wind"), Key("v", .text, "the northward wind"),
      Key("slow", .number, default: "1.5", "m s-1 below which a front is stationary"),
      Key("length", .number, default: "500", "km that it is long"),
      Key("from-latitude", .number, default: "0", "cells nearer to the equator, in degrees, do not count"),
    ])

  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    for key in ["gradient", "seed", "slow", "length", "from-latitude"] {
      if let value = arguments.number(key), value < 0 {
        throw PlanError("`\(key)` is not negative", at: arguments.mark(key))
      }
    }
    if let value = arguments.integer("smooth"), !(0...100).contains(value) {
      throw PlanError("`smooth` lies between 0 and 100", at: arguments.mark("smooth"))
    }
    if (arguments.value("u") == nil) != (arguments.value("v") == nil) {
      let key = arguments.value("u") == nil ? "v" : "u"
      throw PlanError("`u` and `v` go together", at: arguments.mark(key))
    }
    if let slow = arguments.value("slow"), arguments.value("u") == nil {
      throw PlanError("`slow` needs `u` and `v`", at: slow.mark)
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    var found = try DetectionFields(inputs, stage: "fronts")
    let input = found.main.description
    guard input.grid.isRectilinear else {
      throw PlanError(
        "`fronts` needs a latitude-longitude grid, `\(found.main.name)` is \(input.grid.kind.rawValue)",
        at: found.main.mark, remedy: "`regrid` it first")
    }
    let thermal = try found.find(
      arguments.value("variable"),
      [
        "wet_bulb_potential_temperature", "equivalent_potential_temperature", "air_potential_temperature",
        "air_temperature",
      ],
      what: "the temperature", at: arguments.mark, key: "variable")
    let own = thermal.stream.description.variables[thermal.variable].units
    var fields = [try found.field(thermal, units: own == nil ? nil : "K", at: arguments.mark("variable"))]
    var wind: (east: Int, north: Int)?
    if let u = arguments.value("u"), let v = arguments.value("v") {
      for value in [u, v] {
        let part = try found.find(value, [], what: "the wind", at: value.mark, key: "u")
        fields.append(try found.field(part, units: "m s-1", at: value.mark))
      }
      wind = (1, 2)
    }
    let gradient = arguments.number("gradient") ?? 1.5
    var output = input
    output.layers = []
    let kinds =
      wind == nil ? ["background", "front"] : ["background", "cold_front", "warm_front", "stationary_front"]
    output.variables = [
      VariableDescription(
        name: "front", longName: "fronts", units: nil,
        flags: kinds.enumerated().map { .init(value: Int8($0), meaning: $1) }),
      VariableDescription(
        name: "front_gradient", longName: "thermal gradient at the front", units: "1e-5 K m-1"),
    ]
    var columns = [
      ListColumn(name: "length", longName: "distance of the cells that lie farthest apart", units: "km"),
      ListColumn(name: "bearing", longName: "direction of the front, clockwise from north", units: "degree"),
      ListColumn(name: "gradient", longName: "mean thermal gradient", units: "1e-5 K m-1"),
    ]
    if wind != nil {
      columns.append(
        ListColumn(
          name: "advance", longName: "mean wind across the front towards the warm air", units: "m s-1"))
    }
    return graph.add(
      FrontScan(
        output: output, fields: fields, cells: SphereCells(input.grid),
        listing: ObjectListing(
          columns: columns, found: FoundObjects(), noun: "front", west: ObjectListing.west(of: input.grid)),
        gradient: gradient, seed: max(gradient, arguments.number("seed") ?? gradient),
        smoothing: arguments.integer("smooth") ?? 2, isWarmEdge: arguments.text("line") == "warm-edge",
        wind: wind,
        slow: arguments.number("slow") ?? 1.5, minimumLength: arguments.number("length") ?? 500,
        equatorial: arguments.number("from-latitude") ?? 0), inputs: found.used)
  }
}
