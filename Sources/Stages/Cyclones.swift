import Grids

/// Finds the centres of cyclones.
public struct Cyclones: Stage {
  public static let declaration = StageDeclaration(
    name: "cyclones",
    summary: "finds the centres of cyclones: pressure minima with closed contours, warm core, wind",
    discussion: """
      A centre is a cell that no neighbour is below (8 neighbours, or 4), and that has none deeper within `merge`. A \
      contour is closed when on every way from the extremum of its variable within `search` of the centre the value \
      rises by `rise` (a negative one: falls, as the thickness does around a warm core) before `distance` is reached. A \
      threshold holds when a value within `within` of the centre is in its bounds. Distances are great-circle distances \
      in km (one degree is 111.2 km). Cells beyond the edge of a regional grid count as no way out. The result is a \
      field: the mask of the centres, with all cells within `radius`; an output whose file ends in .csv, .geojson or .txt, \
      or with `form: list`, is the list of the centres, and `tracks` puts them together in time. After TempestExtremes' \
      DetectNodes (Ullrich and Zarzycki 2017, Geosci. Model Dev. 10, 1069-1090).
      """,
    keys: [
      Key("input", .stream, "the field with the pressure"),
      Key("with", .streams, "further fields on the same grid"),
      Key(
        "variable", .text, default: "by standard name " + names.joined(separator: " or "),
        "the variable whose extrema are centres"),
      Key("extremum", .choice(["minimum", "maximum"]), default: "minimum", "which extrema"),
      Key("merge", .number, default: "0", "km within which only the deepest stays"),
      Key("contours", .list(.mapping(contourKeys)), "contours that must be closed"),
      Key("thresholds", .list(.mapping(thresholdKeys)), "values that must be found near the centre"),
      Key(
        "tell", .dictionary(.mapping(toldKeys)), default: "the value at the centre",
        "by name, what is told of each centre"),
      Key("latitude", .list(.number), "two latitudes between which centres lie"),
      Key(
        "absolute-latitude", .list(.number),
        "two distances from the equator, in degrees, between which they lie"),
      Key(
        "radius", .number, default: "0, the centre's cell alone", "km around a centre that the mask covers"),
      Key("name", .text, default: "cyclone", "what an object is called"),
      Key("connectivity", .choice(["4", "8"]), default: "8", "neighbours of a cell"),
    ])

  private static let names = ["air_pressure_at_mean_sea_level", "air_pressure_at_sea_level"]
  private static let contourKeys = [
    Key("variable", .text, default: "that of the extrema", "the variable"),
    Key("rise", .number, required: true, "by how much it rises; negative: falls"),
    Key("distance", .number, required: true, "km within which it does"),
    Key("search", .number, default: "0", "km around the centre within which its extremum is taken"),
    Key("units", .text, default: "those of the variable", "units of `rise`"),
  ]
  private static let thresholdKeys = [
    Key("variable", .text, required: true, "the variable"),
    Key("at-least", .number, "the lowest value"),
    Key("at-most", .number, "the highest value"),
    Key("within", .number, default: "0, at the centre itself", "km around the centre"),
    Key("units", .text, default: "those of the variable", "units of the values"),
  ]
  private static let toldKeys = [
    Key("variable", .text, required: true, "the variable"),
    Key(
      "take", .choice(CycloneScan.Told.Take.allCases.map(\.rawValue)), default: "value",
      "value, min, max, mean"),
    Key("within", .number, default: "0, at the centre itself", "km around the centre"),
    Key("units", .text, default: "those of the variable", "units of the number"),
  ]

  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    for key in ["merge", "radius"] {
      if let value = arguments.number(key), !(0...20_000).contains(value) {
        throw PlanError("`\(key)` lies between 0 and 20000 km", at: arguments.mark(key))
      }
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    var found = try DetectionFields(inputs, stage: "cyclones")
    let search = try found.find(
      arguments.value("variable"), Self.names, what: "the pressure at sea level", at: arguments.mark,
      key: "variable")
    var fields = [try found.field(search, units: nil, at: arguments.mark("variable"))]
    func distance(_ entry: ConfigValue, _ key: String) throws(PlanError) -> Double {
      guard let value = entry[key], let number = value.number else { return 0 }
      guard (0...20_000).contains(number) else {
        throw PlanError("`\(key)` lies between 0 and 20000 km", at: value.mark)
      }
      return number
    }
    func field(_ entry: ConfigValue, isDifference: Bool = false) throws(PlanError) -> Int {
      guard let name = entry["variable"] else {
        guard let units = entry["units"] else { return 0 }
        fields.append(try found.field(search, units: units.text, at: units.mark))
        return fields.count - 1
      }
      let variable = try found.find(name, [], what: "this", at: name.mark, key: "variable")
      fields.append(
        try found.field(variable, units: entry["units"]?.text, at: entry["units"]?.mark ?? name.mark))
      return fields.count - 1
    }
    var contours: [CycloneScan.Contour] = []
    for entry in arguments.list("contours") ?? [] {
      let rise = entry["rise"]?.number ?? 0
      let far = try distance(entry, "distance")
      guard rise != 0, far > 0 else {
        throw PlanError("a contour needs a `rise` that is not 0 and a `distance` above 0", at: entry.mark)
      }
      contours.append(
        .init(field: try field(entry), rise: rise, distance: far, search: try distance(entry, "search")))
    }
    var thresholds: [CycloneScan.Threshold] = []
    for entry in arguments.list("thresholds") ?? [] {
      let (low, high) = (entry["at-least"]?.number, entry["at-most"]?.number)
      guard low != nil || high != nil, (low ?? -.infinity) <= (high ?? .infinity) else {
        throw PlanError("a threshold needs `at-least` or `at-most`, the one below the other", at: entry.mark)
      }
      thresholds.append(
        .init(
          field: try field(entry), low: low ?? -.infinity, high: high ?? .infinity,
          within: try distance(entry, "within")))
    }
    var told: [CycloneScan.Told] = []
    var columns: [ListColumn] = []
    if let value = arguments.value("tell"), case .mapping(let entries) = value.content {
      for entry in entries {
        let take = entry.value["take"]?.text.flatMap(CycloneScan.Told.Take.init) ?? .value
        let index = try field(entry.value)
        let within = try distance(entry.value, "within")
        guard take == .value || within > 0 else {
          throw PlanError(
            "`\(take.rawValue)` needs a distance", at: entry.value.mark, remedy: "add `within: ...`, in km")
        }
        told.append(.init(field: index, take: take, within: within))
        columns.append(Self.column(entry.key, fields[index], take, within))
      }
    } else {
      told = [.init(field: 0, take: .value, within: 0)]
      columns = [Self.column(fields[0].name, fields[0], .value, 0)]
    }
    let input = found.main.description
    let noun = arguments.text("name") ?? "cyclone"
    var output = ObjectScan.description(input, noun: noun)
    output.variables.removeLast()
    return graph.add(
      CycloneScan(
        output: output, fields: fields, cells: SphereCells(input.grid),
        listing: ObjectListing(
          columns: columns, found: FoundObjects(), noun: noun, west: ObjectListing.west(of: input.grid)),
        isMinimum: arguments.text("extremum") != "maximum", merge: arguments.number("merge") ?? 0,
        contours: contours, thresholds: thresholds, told: told,
        diagonal: arguments.text("connectivity") != "4",
        latitude: try range("latitude", -90...90, example: "[-60, 60]"),
        absoluteLatitude: try range("absolute-latitude", 0...90, example: "[5, 50]"),
        radius: arguments.number("radius") ?? 0), inputs: found.used)
  }

  private func range(_ key: String, _ all: ClosedRange<Double>, example: String) throws(PlanError)
    -> ClosedRange<Double>
  {
    guard let pair = try numberPair(arguments, key, example: example) else { return all }
    return min(pair.0, pair.1)...max(pair.0, pair.1)
  }

  private static func column(
    _ name: String, _ field: DetectionField, _ take: CycloneScan.Told.Take, _ within: Double
  ) -> ListColumn {
    let title = field.description.longName ?? field.description.standardName ?? field.name
    let words: [CycloneScan.Told.Take: String] = [.min: "lowest", .max: "highest", .mean: "mean"]
    return ListColumn(
      name: name, standardName: field.description.standardName,
      longName: words[take].map { "\($0) \(title) within \(within.plain) km" } ?? title,
      units: field.units ?? "1")
  }
}
