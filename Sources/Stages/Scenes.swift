import Grids

/// Makes training scenes with exact labels.
public struct Scenes: Stage {
  public static let declaration = StageDeclaration(
    name: "scenes",
    summary: "semi-synthetic scenes: real fields with cyclones, rivers or fronts put in, exactly labelled",
    discussion: """
      Each scene is a real field of a random time with events put in. A cyclone: Holland's vortex (1980), its pressure \
      deficit log-normal as in best tracks (IBTrACS 1980-2024: median 16 hPa, 90 % below 52) but without those below \
      `weakest`, radius of largest wind 40 to 160 km but at least 1.3 cells, B 1 to 2.2, a warm core (`core`), vapour, \
      inflow of 20 degrees. A \
      river: a filament of vapour, 2000 to 5000 km long, 130 to 260 km (one sigma) wide, with the wind along it. A front: \
      a step of temperature of 6 to 16 K in 40 to 110 km, with a turn of the wind and a trough; `front-types` are \
      fronts of four classes (cold, warm, stationary, occluded), told apart by the wind across the line: 6 to 14 m s-1 to the \
      warm side, to the cold side, none, and from both sides into a tongue of warm air instead of a step. Decoys have the same size in \
      some variables and not in the others: cut-off lows with a cold core, pressure without wind (mountains, heat lows), \
      dry whirls, warm and moist spots; moist but still and windy but dry bands; broad areas, gentle slopes. Without \
      `patch` a scene is the whole field with `events` of them and as many decoys as `decoys` says; with it a patch with \
      an event in its middle (row rows/2, column columns/2), a decoy there, or nothing. From few fields come more different \
      backgrounds with `mix`, sums of three times with the weights (1 + 2 cos(a + 2 k pi / 3)) / 3, a random, k 0 to 2, whose sum \
      and sum of squares are 1, and with `mirror`. The result has the variables of \
      the field and `event`, a map of the classes background (of `front-types`: none) and the event; its times count the scenes. Labels are exact \
      for what was put in; what the real field holds itself is background.
      """,
    keys: [
      Key("input", .stream, "the real fields"),
      Key("event", .choice(SceneMaking.Event.allCases.map(\.rawValue)), required: true, "what is put in"),
      Key("count", .integer, required: true, "scenes"),
      Key(
        "patch", .either([.integer, .list(.integer)]), default: "the whole field", "cells, or [rows, columns]"
      ),
      Key("share", .number, default: "0.5", "share of patches with an event"),
      Key(
        "decoys", .number, default: "0.7", "share of the other patches with a decoy; or decoys for each event"
      ),
      Key("events", .integer, default: "3", "events of a whole field"),
      Key(
        "label-radius", .number, default: "0, one cell", "km from the centre (or line) that bear the label"),
      Key("weakest", .number, default: "8", "hPa: the least pressure deficit of a cyclone"),
      Key(
        "core", .number, default: "2",
        "K: the warm core of a cyclone, to which a kelvin is added for each 10 hPa, times 0.7 to 1.6"),
      Key(
        "apart", .number, default: "0",
        "km at least between the centres of what is put into a whole field, where there is room"),
      Key("margin", .integer, default: "3", "rows and columns at the edges of a whole field without centres"),
      Key(
        "mix", .boolean, default: "false",
        "real fields are mixed: each background is a combination of three times"),
      Key(
        "mirror", .boolean, default: "false",
        "real fields are turned around at random, east to west and north to south, u and v with them"),
      Key("times", .mapping(TrainingSetup.timeKeys), default: "all", "the times that are used"),
      Key("seed", .integer, default: "0", "of everything random"),
      Key("pressure", .text, default: "by standard name", "the pressure at sea level"),
      Key("u", .text, default: "by standard name", "the eastward wind"),
      Key("v", .text, default: "by standard name", "the northward wind"),
      Key("temperature", .text, default: "by standard name", "the temperature"),
      Key("vapour", .text, default: "by standard name", "the mass of water vapour in the column"),
    ])

  private let arguments: Arguments
  private let count: Int

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    count = arguments.integer("count") ?? 0
    guard (1...1_000_000).contains(count) else {
      throw PlanError("`count` lies between 1 and 1000000", at: arguments.mark("count"))
    }
    for key in ["share", "decoys"] {
      if let number = arguments.number(key), !(0...1).contains(number) {
        throw PlanError("`\(key)` lies between 0 and 1", at: arguments.mark(key))
      }
    }
    if let events = arguments.integer("events"), !(0...1000).contains(events) {
      throw PlanError("`events` lies between 0 and 1000", at: arguments.mark("events"))
    }
    if let radius = arguments.number("label-radius"), !(0...5000).contains(radius) {
      throw PlanError("`label-radius` lies between 0 and 5000 km", at: arguments.mark("label-radius"))
    }
    if let weakest = arguments.number("weakest"), !(1...100).contains(weakest) {
      throw PlanError("`weakest` lies between 1 and 100 hPa", at: arguments.mark("weakest"))
    }
    if let core = arguments.number("core"), !(0...20).contains(core) {
      throw PlanError("`core` lies between 0 and 20 K", at: arguments.mark("core"))
    }
    if let apart = arguments.number("apart"), !(0...5000).contains(apart) {
      throw PlanError("`apart` lies between 0 and 5000 km", at: arguments.mark("apart"))
    }
    if let margin = arguments.integer("margin"), !(0...1000).contains(margin) {
      throw PlanError("`margin` lies between 0 and 1000", at: arguments.mark("margin"))
    }
    if let seed = arguments.integer("seed"), seed < 0 {
      throw PlanError("`seed` is not negative", at: arguments.mark("seed"))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let description = input.description
    guard description.grid.isRectilinear, description.layerCount == 1, description.grid.ny > 4 else {
      throw PlanError(
        "`scenes` needs a field on one level of a latitude-longitude grid", at: input.mark,
        subject: input.name)
    }
    let times = try TimeSelection(arguments.part("times")).indices(of: input)
    guard !times.isEmpty else { throw PlanError("there are no times", at: arguments.mark("times")) }
    let roles = try roles(input)
    let event = arguments.text("event").flatMap(SceneMaking.Event.init) ?? .cyclone
    let isWhole =
      switch event {
      case .cyclone: roles.pressure != nil && roles.u != nil && roles.v != nil
      case .river: roles.vapour != nil && roles.u != nil && roles.v != nil
      case .front: roles.temperature != nil
      case .frontTypes: roles.temperature != nil && roles.u != nil && roles.v != nil
      }
    guard isWhole else {
      throw PlanError(
        "a \(event.rawValue) needs "
          + [
            .cyclone: "pressure, u and v", .river: "vapour, u and v", .front: "temperature",
            .frontTypes: "temperature, u and v",
          ][event, default: ""],
        at: arguments.mark("event"), remedy: "name the variables; there is \(description.variableList)")
    }
    var patch: [Int]?
    if let value = arguments.value("patch") {
      let numbers = (arguments.list("patch") ?? []).compactMap(\.integer)
      guard (1...2).contains(numbers.count), numbers.allSatisfy({ $0 >= 3 }), let last = numbers.last,
        numbers[0] <= description.grid.ny, last <= description.grid.nx
      else {
        throw PlanError("`patch` needs 3 cells at least, and no more than the field has", at: value.mark)
      }
      patch = [numbers[0], last]
    }
    var factor = 1.0
    if let pressure = roles.pressure, let units = description.variables[pressure].units {
      do { factor = try UnitConversion(from: units, to: "Pa").factor } catch {
        throw PlanError(error.cause, at: arguments.mark("pressure"), remedy: error.remedy)
      }
    }
    var output = description
    output.layers = []
    output.time = TimeAxis(
      values: (0..<count).map(Double.init), units: "days since 2000-01-01 00:00:00", calendar: .standard,
      longName: "number of the scene")
    if let patch {
      output.grid = Grid(kind: .bare, y: .index("y", patch[0]), x: .index("x", patch[1]))
    }
    for index in output.variables.indices {
      output.variables[index].set("comment", .text("a real field with \(event.rawValue)s put in"))
    }
    output.variables.append(
      VariableDescription(
        name: "event", longName: "where a \(event.rawValue) was put in", units: nil,
        flags: SceneMaking.classes(of: event).enumerated().map {
          .init(value: Int8(clamping: $0), meaning: $1)
        }))
    let y = description.grid.y.values
    let step = abs((y.last ?? 0) - (y.first ?? 0)) / Double(max(1, y.count - 1)) * 111.2
    return graph.add(
      SceneMaking(
        input: description, output: output, roles: roles, pressureFactor: factor, event: event,
        cells: SphereCells(description.grid), patch: patch, share: arguments.number("share") ?? 0.5,
        decoys: arguments.number("decoys") ?? 0.7, events: arguments.integer("events") ?? 3,
        labelRadius: arguments.number("label-radius") ?? 0, times: times,
        seed: UInt64(arguments.integer("seed") ?? 0), spacing: step, options: options), inputs: [input.node])
  }

  private var options: SceneMaking.Options {
    var options = SceneMaking.Options()
    options.mixes = arguments.boolean("mix") ?? options.mixes
    options.mirrors = arguments.boolean("mirror") ?? options.mirrors
    options.core = arguments.number("core") ?? options.core
    options.weakest = arguments.number("weakest") ?? options.weakest
    options.apart = arguments.number("apart") ?? options.apart
    options.margin = arguments.integer("margin") ?? options.margin
    return options
  }

  private func roles(_ input: StageInputs.Stream) throws(PlanError) -> SceneMaking.Roles {
    func find(_ key: String, _ names: [String]) throws(PlanError) -> Int? {
      if let value = arguments.value(key) { return try input.variable(value) }
      let variables = input.description.variables
      return names.lazy.compactMap { name in variables.firstIndex { $0.standardName == name } }.first
    }
    var roles = SceneMaking.Roles()
    roles.pressure = try find("pressure", ["air_pressure_at_mean_sea_level", "air_pressure_at_sea_level"])
    roles.u = try find("u", ["eastward_wind"])
    roles.v = try find("v", ["northward_wind"])
    roles.temperature = try find("temperature", ["air_temperature"])
    roles.vapour = try find("vapour", ["atmosphere_mass_content_of_water_vapor"])
    return roles
  }
}
