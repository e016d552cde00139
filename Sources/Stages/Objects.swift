import Grids

/// Finds connected regions and describes them.
public struct Objects: Stage {
  public static let declaration = StageDeclaration(
    name: "objects", summary: "finds connected regions (storms, heat waves, rain areas) and measures them",
    discussion: """
      A cell belongs to an object when its value is within `at-least` and `at-most`, or of the `class`; cells that touch \
      (8 neighbours, or 4) hang together, across the date line too; the poles join nothing. With `seed` a region counts \
      only when a value in it reaches that (hysteresis). Areas in km2 on a sphere of 6371.229 km; length: the great-circle \
      distance of the cells that lie farthest apart, one cell more; width: area by length; aspect: length by width; the \
      centre is the mean place, weighted by area. The result is a field: the mask, and the number of each object. An \
      output whose file ends in .csv, .geojson or .txt (TempestExtremes' format), or with `form: list`, is the list of \
      the objects instead. After TempestExtremes' DetectBlobs (Ullrich et al. 2021, Geosci. Model Dev. 14, 5023-5048).
      """,
    keys: [
      Key("input", .stream, "the field with the values"),
      Key("with", .streams, "further fields on the same grid, to measure objects by"),
      Key("variable", .text, default: "the only one", "the variable of the condition"),
      Key("at-least", .number, "values from here on belong to objects"),
      Key("at-most", .number, "values up to here belong to objects"),
      Key("class", .either([.text, .list(.text)]), "classes (their meaning) that belong to objects"),
      Key("seed", .number, "an object needs a value that reaches this (from above with `at-most` alone)"),
      Key("units", .text, default: "those of the variable", "units of the numbers above"),
      Key("name", .text, default: "object", "what an object is called"),
      Key(
        "connectivity", .choice(["4", "8"]), default: "8", "cells that touch at corners hang together, or not"
      ),
      Key("area", .mapping(rangeKeys), "km2 that an object may have"),
      Key("length", .mapping(rangeKeys), "km that it may be long"),
      Key("width", .mapping(rangeKeys), "km that it may be wide"),
      Key("aspect", .mapping(rangeKeys), "length by width"),
      Key("cells", .integer, default: "1", "cells that it needs"),
      Key("latitude", .list(.number), "two latitudes between which the centre lies"),
      Key(
        "measure", .list(.text), default: "the variable of the condition",
        "variables whose mean and extreme are told of each object"),
    ])

  static let rangeKeys = [
    Key("at-least", .number, "at least"), Key("at-most", .number, "at most"),
  ]

  private let arguments: Arguments
  private let limits: ObjectScan.Limits

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    limits = try Self.limits(arguments)
    let tests = ["at-least", "at-most", "class"].filter { arguments.value($0) != nil }
    guard !tests.isEmpty else {
      throw PlanError(
        "`objects` needs a condition", at: arguments.mark, remedy: "add `at-least`, `at-most` or `class`")
    }
    if tests.contains("class"), tests.count > 1 || arguments.value("seed") != nil {
      throw PlanError("`class` stands alone", at: arguments.mark("class"))
    }
    if let low = arguments.number("at-least"), let high = arguments.number("at-most"), low > high {
      throw PlanError(
        "no value is at least \(low.plain) and at most \(high.plain)", at: arguments.mark("at-most"))
    }
  }

  /// The limits of size and form that the keys of this stage, and of others with the same keys, give.
  static func limits(_ arguments: Arguments, _ defaults: ObjectScan.Limits = .init()) throws(PlanError)
    -> ObjectScan.Limits
  {
    func range(_ key: String, _ given: ClosedRange<Double>) throws(PlanError) -> ClosedRange<Double> {
      guard let value = arguments.value(key) else { return given }
      let low = value["at-least"]?.number ?? given.lowerBound
      let high = value["at-most"]?.number ?? given.upperBound
      guard low <= high else {
        throw PlanError(
          "`\(key)`: nothing is at least \(low.plain) and at most \(high.plain)", at: value.mark)
      }
      return low...high
    }
    var limits = defaults
    limits.area = try range("area", defaults.area)
    limits.length = try range("length", defaults.length)
    limits.width = try range("width", defaults.width)
    limits.aspect = try range("aspect", defaults.aspect)
    if let pair = try numberPair(arguments, "latitude", example: "[-60, 60]") {
      limits.centreLatitude = min(pair.0, pair.1)...max(pair.0, pair.1)
    }
    if let cells = arguments.integer("cells") { limits.minimumCells = max(1, cells) }
    return limits
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    var found = try DetectionFields(inputs, stage: "objects")
    let noun = arguments.text("name") ?? "object"
    let mark = arguments.mark("variable")
    let units = arguments.text("units")
    let first = try found.find(
      arguments.value("variable"), [], what: "the one of the condition", at: arguments.mark, key: "variable")
    var fields = [try found.field(first, units: units, at: arguments.value("units")?.mark ?? mark)]
    var test = ObjectScan.Test(field: 0)
    var seeds: [ObjectScan.Test] = []
    if let classes = arguments.list("class") {
      guard let flags = fields[0].description.flags else {
        throw PlanError(
          "`\(fields[0].name)` has no classes", at: arguments.mark("class"), subject: fields[0].name,
          remedy: "use `at-least` or `at-most`")
      }
      var values: [Float] = []
      for item in classes {
        guard let flag = flags.first(where: { $0.meaning == item.text || "\($0.value)" == item.text }) else {
          throw PlanError(
            "`\(fields[0].name)` has no class `\(item.text ?? "")`", at: item.mark, subject: fields[0].name,
            remedy: Suggestion.remedy(for: item.text ?? "", among: flags.map(\.meaning)))
        }
        values.append(Float(flag.value))
      }
      test.classes = values
    } else {
      test.low = arguments.number("at-least") ?? -.infinity
      test.high = arguments.number("at-most") ?? .infinity
      if let seed = arguments.number("seed") {
        var strong = test
        if arguments.number("at-least") != nil { strong.low = seed } else { strong.high = seed }
        seeds = [strong]
      }
    }
    let isLow = arguments.number("at-least") == nil && arguments.number("at-most") != nil
    var measured: [(field: Int, isLow: Bool)] = []
    if let names = arguments.list("measure") {
      for name in names {
        let variable = try found.find(name, [], what: "the measured one", at: name.mark, key: "measure")
        fields.append(try found.field(variable, units: nil, at: name.mark))
        measured.append((fields.count - 1, false))
      }
    } else if fields[0].description.flags == nil {
      measured = [(0, isLow)]
    }
    let input = found.main.description
    return graph.add(
      ObjectScan(
        label: "\(noun)s", output: ObjectScan.description(input, noun: noun), fields: fields,
        cells: SphereCells(input.grid),
        listing: ObjectListing(
          columns: ObjectScan.columns(measured.map { fields[$0.field] }, isLow: measured.map(\.isLow)),
          found: FoundObjects(), noun: noun, west: ObjectListing.west(of: input.grid)), tests: [test],
        seeds: seeds, limits: limits, diagonal: arguments.text("connectivity") != "4", measured: measured),
      inputs: found.used)
  }
}
