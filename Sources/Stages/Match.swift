import Basics
import Grids

/// Compares objects and tracks with best tracks, or with other objects.
public struct Match: Stage {
  public static let declaration = StageDeclaration(
    name: "match",
    summary:
      "compares what was found with best tracks (IBTrACS) or true objects: hit rate, false alarms, distance",
    discussion: """
      `best` is a NetCDF or CSV file of IBTrACS (v04), a CSV file with the columns track_id, time, lat, lon, or objects: \
      the result of another stage, or the CSV file that one has written (each a track of its own, unless the stage is \
      `tracks`). Its points at the times \
      of the input and over its grid count. A point is hit when an object lies within `distance` km of it and within \
      `hours`; or, with `overlap`, when the boxes of both (results of `boxes`) have that much in common: the area of both by \
      the area of either. An object without such a point is a false alarm. pod: hits by points; far: false alarms by \
      objects; csi: hits by the sum of points and false alarms; track-hit-rate: the share of best tracks that are hit at \
      `steps` points or more; distance: mean km of the hits to the nearest object. After Bourdin et al. 2022 (Geosci. Model \
      Dev. 15, 6759-6786), who match tracks within 300 km. \
      `by` names a column of the list (a probability, a confidence). Objects below `threshold` then do not count; \
      `threshold: best` is the number with the largest csi on the times `choose`, and the scores are those of the other \
      times. Then there is average-precision too: the area under precision over recall when objects are taken in the order \
      of that number, each point found once (Everingham et al. 2010); and with `reliability` bins of it, when it lies \
      between 0 and 1, how many of the objects in each bin were there.
      """,
    hasEffect: true,
    keys: [
      Key("input", .stream, "objects or tracks"),
      Key(
        "best", .either([.stream, .text]), required: true,
        "the file with the best tracks, or a stage that finds objects"),
      Key("distance", .number, default: "300", "km"),
      Key("overlap", .number, "what boxes have in common, 0 to 1, instead of a distance"),
      Key("hours", .number, default: "0", "difference in time"),
      Key("steps", .integer, default: "1", "points of a best track that must be hit"),
      Key("by", .text, "the column that objects are judged by"),
      Key("threshold", .either([.number, .choice(["best"])]), "the least of `by` that counts"),
      Key("choose", .mapping(TrainingSetup.timeKeys), "the times that `threshold: best` is chosen on"),
      Key(
        "times", .mapping(TrainingSetup.timeKeys), default: "all, without those of `choose`",
        "the times that are measured"),
      Key("reliability", .integer, "bins of `by` of the reliability table"),
      Key("json", .text, "a file that gets the scores as JSON too"),
    ])

  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    for (key, most) in [("distance", 5000.0), ("hours", 240), ("overlap", 1)] {
      if let number = arguments.number(key), !(0...most).contains(number) {
        throw PlanError("`\(key)` lies between 0 and \(most.plain)", at: arguments.mark(key))
      }
    }
    if let steps = arguments.integer("steps"), steps < 1 {
      throw PlanError("`steps` is 1 at least", at: arguments.mark("steps"))
    }
    if arguments.value("overlap") != nil, arguments.value("distance") != nil {
      throw PlanError("`overlap` and `distance` exclude each other", at: arguments.mark("overlap"))
    }
    if (arguments.text("threshold") == "best") != (arguments.value("choose") != nil) {
      throw PlanError(
        "`threshold: best` and `choose` go together", at: arguments.mark("choose"),
        remedy: "e.g. `threshold: best, choose: {to: 2003}`")
    }
    for key in ["threshold", "reliability"] where arguments.value(key) != nil && arguments.value("by") == nil
    {
      throw PlanError("`\(key)` needs `by`", at: arguments.mark(key), remedy: "name a column of the list")
    }
    if let bins = arguments.integer("reliability"), !(2...100).contains(bins) {
      throw PlanError(
        "`reliability` goes from 2 to 100 bins, found \(bins)", at: arguments.mark("reliability"))
    }
  }

  public var files: [String] { arguments.path("best").map { [$0] } ?? [] }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    let listing = try Self.listing(input, graph)
    let (ticks, time) = try Self.ticks(input)
    let truth: Matched.Truth
    var nodes = [listing.node ?? input.node]
    if let other = inputs["best"] {
      let list = try Self.listing(other, graph)
      let (own, _) = try Self.ticks(other)
      truth = .objects(list, ticks: own)
      nodes.append(list.node ?? other.node)
    } else {
      // Small beside any field, and read to find what is wrong before anything is computed.
      do throws(StageError) {
        truth = .tracks(try BestTracks(arguments.path("best") ?? "", calendar: time.calendar))
      } catch {
        throw PlanError(error.cause, at: arguments.mark("best"), subject: error.subject, remedy: error.remedy)
      }
    }
    let overlap = arguments.number("overlap")
    if let overlap {
      for (list, mark) in [(listing, input.mark), (truth.listing, arguments.mark("best"))] {
        guard list.map({ BoxColumns($0.columns) != nil }) ?? false else {
          throw PlanError(
            "an `overlap` of \(overlap.plain) needs boxes on both sides", at: mark,
            remedy: "give results of `boxes`, or a `distance`")
        }
      }
    }
    var column: Int?
    if let name = arguments.text("by") {
      let names = listing.columns.map(\.name)
      guard let index = names.firstIndex(of: name) else {
        throw PlanError(
          "the list of `\(input.name)` has no column `\(name)`", at: arguments.mark("by"), subject: name,
          remedy: Suggestion.remedy(for: name, among: names))
      }
      column = index
    }
    let times = try MeasuredTimes(arguments, input, count: ticks.count)
    let metrics = Matched.metrics(isJudged: column != nil)
    let bins = arguments.integer("reliability") ?? 0
    return graph.add(
      Matched(
        output: Description(
          variables: metrics.map { VariableDescription(name: $0.name, longName: $0.title, units: $0.units) }
            + ReliabilityTable.variables(bins, of: "objects"),
          time: nil,
          grid: Grid(kind: .bare, y: .index("y", 1), x: .index("x", 1)),
          globalAttributes: input.description.globalAttributes),
        listing: listing, truth: truth, ticks: ticks, cells: SphereCells(input.description.grid),
        nearness: overlap.map { .overlap($0) } ?? .distance(arguments.number("distance") ?? 300),
        tolerance: Int64((arguments.number("hours") ?? 0) * 3_600_000_000),
        steps: arguments.integer("steps") ?? 1, column: column,
        threshold: arguments.text("threshold") == "best"
          ? .best(times.chosen ?? []) : arguments.number("threshold").map { .given($0) },
        measured: times.measured, bins: bins,
        period: EvaluatedTimes.text(time, measured: times.measured, chosen: times.chosen), metrics: metrics,
        json: arguments.path("json").map { .init(path: $0, mark: arguments.mark("json")) },
        name: input.name, order: graph.nodes.count * 1_000_000), inputs: nodes)
  }

  private static func listing(_ stream: StageInputs.Stream, _ graph: ComputationGraph) throws(PlanError)
    -> ObjectListing
  {
    guard let listing = (graph.computation(stream.node) as? any Listing)?.listing else {
      throw PlanError(
        "`\(stream.name)` is no list of objects", at: stream.mark, subject: stream.name,
        remedy: "give the result of `objects`, `cyclones`, `boxes` or `tracks` itself")
    }
    return listing
  }

  private static func ticks(_ stream: StageInputs.Stream) throws(PlanError) -> ([Int64], TimeAxis) {
    guard let time = stream.description.time else {
      throw PlanError("`\(stream.name)` has no time axis", at: stream.mark, subject: "time")
    }
    var ticks: [Int64] = []
    do {
      let reference = try time.reference()
      for value in time.values { ticks.append(try reference.ticks(value)) }
    } catch { throw PlanError(error.cause, at: stream.mark, subject: "time", remedy: error.remedy) }
    return (ticks, time)
  }
}
