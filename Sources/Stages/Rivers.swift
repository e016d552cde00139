import Grids

/// Finds atmospheric rivers.
public struct Rivers: Stage {
  public static let declaration = StageDeclaration(
    name: "rivers", summary: "finds atmospheric rivers: long, narrow regions of strong vapour transport",
    discussion: """
      A cell belongs to a river when its integrated vapour transport is `at-least` so large, and not below the field \
      `threshold` where one is given (a percentile of a climatology, for example); see `objects` for what a region, its \
      length, width and aspect are. With the components of the transport its mean direction is told, and `poleward` asks \
      for a poleward component. The defaults are those usual in the intercomparison of detectors (Shields et al. 2018, \
      Geosci. Model Dev. 11, 2455-2474): 250 kg m-1 s-1, 2000 km long, 1000 km wide at most, twice as long as wide. \
      `derive: {quantities: [vapour_transport]}` makes the input.
      """,
    keys: [
      Key("input", .stream, "the field with the transport"),
      Key("with", .streams, "further fields on the same grid"),
      Key("variable", .text, default: "vapour_transport, or the only one", "the magnitude of the transport"),
      Key("at-least", .number, default: "250", "transport that belongs to a river, kg m-1 s-1"),
      Key(
        "threshold", .stream, "a field that the transport must reach too, without time or at the same times"),
      Key("seed", .number, "transport that a river must reach somewhere, kg m-1 s-1"),
      Key("east", .text, default: "by standard name", "the eastward transport"),
      Key("north", .text, default: "by standard name", "the northward transport"),
      Key("poleward", .number, "mean transport away from the equator that it needs, kg m-1 s-1"),
      Key("from-latitude", .number, default: "0", "cells nearer to the equator, in degrees, do not count"),
      Key(
        "connectivity", .choice(["4", "8"]), default: "8", "cells that touch at corners hang together, or not"
      ),
      Key("area", .mapping(Objects.rangeKeys), "km2"),
      Key("length", .mapping(Objects.rangeKeys), default: "{at-least: 2000}", "km"),
      Key("width", .mapping(Objects.rangeKeys), default: "{at-most: 1000}", "km"),
      Key("aspect", .mapping(Objects.rangeKeys), default: "{at-least: 2}", "length by width"),
      Key("cells", .integer, default: "1", "cells that it needs"),
      Key("latitude", .list(.number), "two latitudes between which the centre lies"),
    ])

  private static let units = "kg m-1 s-1"
  private let arguments: Arguments
  private let limits: ObjectScan.Limits

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    var limits = ObjectScan.Limits()
    (limits.length, limits.width, limits.aspect) = (2000...(.infinity), 0...1000, 2...(.infinity))
    limits = try Objects.limits(arguments, limits)
    limits.minimumLatitude = arguments.number("from-latitude") ?? 0
    limits.poleward = arguments.number("poleward") ?? -.infinity
    self.limits = limits
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    var found = try DetectionFields(inputs, stage: "rivers")
    let magnitude: (stream: StageInputs.Stream, variable: Int)
    if arguments.value("variable") == nil,
      let index = found.main.description.variableIndex("vapour_transport")
    {
      magnitude = (found.main, index)
    } else {
      magnitude = try found.find(
        arguments.value("variable"), [], what: "the vapour transport", at: arguments.mark, key: "variable")
    }
    var fields = [try found.field(magnitude, units: Self.units, at: arguments.mark("variable"))]
    var test = ObjectScan.Test(field: 0, low: arguments.number("at-least") ?? 250)
    if let threshold = inputs["threshold"] {
      let description = threshold.description
      guard description.variables.count == 1 || description.variableIndex(fields[0].name) != nil else {
        throw PlanError(
          "`\(threshold.name)` has \(description.variables.count) variables, none called `\(fields[0].name)`",
          at: threshold.mark, remedy: "`select` one")
      }
      fields.append(
        try found.field(
          (threshold, description.variableIndex(fields[0].name) ?? 0), units: Self.units, at: threshold.mark))
      test.floor = 1
    }
    var seeds: [ObjectScan.Test] = []
    if let seed = arguments.number("seed") { seeds = [ObjectScan.Test(field: 0, low: seed)] }
    // The direction where it can be told.
    let names = [
      ("east", "eastward_atmosphere_water_vapor_transport_across_unit_distance"),
      ("north", "northward_atmosphere_water_vapor_transport_across_unit_distance"),
    ]
    var parts: [Int] = []
    for (key, standardName) in names {
      let isThere = found.streams.contains {
        $0.description.variables.contains { $0.standardName == standardName }
      }
      guard isThere || arguments.value(key) != nil || arguments.value("poleward") != nil else { continue }
      let part = try found.find(
        arguments.value(key), [standardName], what: "the \(key)ward transport", at: arguments.mark(key),
        key: key)
      fields.append(try found.field(part, units: Self.units, at: arguments.mark(key)))
      parts.append(fields.count - 1)
    }
    var columns = ObjectScan.columns([fields[0]], isLow: [false])
    if parts.count == 2 {
      columns += [
        ListColumn(name: "transport_east", longName: "mean eastward transport", units: Self.units),
        ListColumn(name: "transport_north", longName: "mean northward transport", units: Self.units),
        ListColumn(
          name: "direction", longName: "direction in which the mean transport goes, clockwise from north",
          units: "degree"),
      ]
    }
    let input = found.main.description
    return graph.add(
      ObjectScan(
        label: "atmospheric rivers", output: ObjectScan.description(input, noun: "atmospheric river"),
        fields: fields, cells: SphereCells(input.grid),
        listing: ObjectListing(
          columns: columns, found: FoundObjects(), noun: "atmospheric river",
          west: ObjectListing.west(of: input.grid)), tests: [test], seeds: seeds, limits: limits,
        diagonal: arguments.text("connectivity") != "4", measured: [(0, false)],
        direction: parts.count == 2 ? (parts[0], parts[1]) : nil), inputs: found.used)
  }
}
