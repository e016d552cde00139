import Grids

/// Puts objects together in time.
public struct Tracks: Stage {
  public static let declaration = StageDeclaration(
    name: "tracks", summary: "follows cyclones, rivers and other objects from time to time",
    discussion: """
      `nearest`: an object goes on as the nearest one of the next step within `range` km. `overlap`: as the one that \
      shares most area with it, at least `share` of the smaller one. Of all pairs the best is taken first, so each \
      object belongs to one track; a track that finds its object taken ends, and `merged_into` names the other; a track \
      that begins at an object which had belonged to another has `split_from`. Where nothing is found, up to `gap` steps \
      may lack. Then tracks that are too short (`steps`, `duration`), that go too little (`length` along the track, \
      `displacement` from end to end) or that lack a demanded value are dropped. The input must be the result of a \
      stage that finds objects. The result is written as tracks: a file ending in .nc is a CF trajectory file \
      (featureType trajectory, contiguous ragged arrays), .txt is TempestExtremes' format, .csv and .geojson are what \
      they say; with `form: grid` an output is the map of the tracks' numbers. After TempestExtremes' StitchNodes \
      (Ullrich and Zarzycki 2017, Geosci. Model Dev. 10, 1069-1090).
      """,
    keys: [
      Key("input", .stream, "the objects of single times"),
      Key("method", .choice(["nearest", "overlap"]), default: "nearest", "what makes two objects the same"),
      Key("range", .number, default: "800", "km from one step to the next, for `nearest`"),
      Key("share", .number, default: "0", "share of the smaller area that is common, for `overlap`"),
      Key("gap", .integer, default: "0", "steps that may lack"),
      Key("steps", .integer, default: "1", "points that a track needs"),
      Key("duration", .number, default: "0", "hours from its first to its last point"),
      Key("length", .number, default: "0", "km along the track"),
      Key("displacement", .number, default: "0", "km from its first to its last point"),
      Key("demands", .list(.mapping(demandKeys)), "values that a track must have for some steps"),
    ])

  private static let demandKeys = [
    Key(
      "value", .text, required: true, "a number told of the objects, latitude, longitude or absolute-latitude"
    ),
    Key("at-least", .number, "the lowest"), Key("at-most", .number, "the highest"),
    Key("steps", .integer, default: "1", "at so many points"),
  ]

  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    for key in ["range", "share", "duration", "length", "displacement"] {
      if let value = arguments.number(key), value < 0 {
        throw PlanError("`\(key)` is not negative", at: arguments.mark(key))
      }
    }
    for key in ["gap", "steps"] {
      if let value = arguments.integer(key), !(0...100_000).contains(value) {
        throw PlanError("`\(key)` lies between 0 and 100000", at: arguments.mark(key))
      }
    }
    if let share = arguments.number("share"), share > 1 {
      throw PlanError("`share` lies between 0 and 1", at: arguments.mark("share"))
    }
    let overlaps = arguments.text("method") == "overlap"
    for (key, other) in [("range", true), ("share", false)]
    where arguments.value(key) != nil && overlaps == other {
      throw PlanError(
        "`\(key)` is no key of the method `\(overlaps ? "overlap" : "nearest")`", at: arguments.mark(key))
    }
  }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    guard let source = (graph.computation(input.node) as? any Listing)?.listing, !source.isTracks else {
      throw PlanError(
        "`\(input.name)` is no list of objects", at: input.mark, subject: input.name,
        remedy: "give the result of `objects`, `cyclones`, `rivers` or `fronts` itself")
    }
    guard let time = input.description.time else {
      throw PlanError("`\(input.name)` has no time axis", at: input.mark, subject: "time")
    }
    var seconds: [Double] = []
    do {
      let reference = try time.reference()
      for value in time.values { seconds.append(Double(try reference.ticks(value)) / 1e6) }
    } catch {
      throw PlanError(error.cause, at: input.mark, subject: "time", remedy: error.remedy)
    }
    var demands: [Stitching.Demand] = []
    for entry in arguments.list("demands") ?? [] {
      let name = entry["value"]?.text ?? ""
      let places = ["latitude": -1, "longitude": -2, "absolute-latitude": -3]
      guard let column = places[name] ?? source.columns.firstIndex(where: { $0.name == name }) else {
        throw PlanError(
          "no `\(name)` is told of `\(input.name)`", at: entry["value"]?.mark ?? entry.mark, subject: name,
          remedy: Suggestion.remedy(for: name, among: source.columns.map(\.name) + places.keys.sorted()))
      }
      demands.append(
        .init(
          column: column, low: entry["at-least"]?.number ?? -.infinity,
          high: entry["at-most"]?.number ?? .infinity, steps: max(1, entry["steps"]?.integer ?? 1)))
    }
    let stitching = Stitching(
      method: arguments.text("method").flatMap(Stitching.Method.init) ?? .nearest,
      range: arguments.number("range") ?? 800, share: arguments.number("share") ?? 0,
      gap: arguments.integer("gap") ?? 0, minimumSteps: max(1, arguments.integer("steps") ?? 1),
      minimumDuration: (arguments.number("duration") ?? 0) * 3600,
      minimumLength: arguments.number("length") ?? 0,
      minimumDisplacement: arguments.number("displacement") ?? 0, demands: demands)
    let columns =
      source.columns + [
        ListColumn(
          name: "split_from", longName: "number of the track that it split from, 0 for none", units: "1",
          isWhole: true),
        ListColumn(
          name: "merged_into", longName: "number of the track that it merged into, 0 for none", units: "1",
          isWhole: true),
      ]
    let found = FoundObjects()
    let cells = SphereCells(input.description.grid)
    let counted = Description(
      variables: [VariableDescription(name: "tracks", longName: "number of tracks", units: "1")], time: nil,
      grid: Grid(kind: .bare, y: .index("y", 1), x: .index("x", 1)))
    let stitched = graph.add(
      Stitched(
        output: counted, stitching: stitching, source: source,
        listing: ObjectListing(
          columns: columns, found: found, noun: source.noun, isTracks: true, west: source.west),
        input: input.description, seconds: seconds, cells: cells), inputs: [input.node])
    var output = input.description
    output.layers = []
    output.variables = [
      VariableDescription(name: "track", longName: "number of the \(source.noun)'s track", units: "1")
    ]
    return graph.add(
      TrackMap(
        output: output,
        listing: ObjectListing(
          columns: columns, found: found, noun: source.noun, isTracks: true, node: stitched, west: source.west
        ),
        cells: cells), inputs: [stitched])
  }
}
