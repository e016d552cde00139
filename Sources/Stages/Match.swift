import Basics
import Grids

/// Compares objects and tracks with best tracks.
public struct Match: Stage {
  public static let declaration = StageDeclaration(
    name: "match",
    summary: "compares what was found with best tracks (IBTrACS): hit rate, false alarms, distance",
    discussion: """
      `best` is a CSV file of IBTrACS (v04), or one with the columns track_id, time, lat, lon. Its points at the times of \
      the input and over its grid count. A point is hit when an object lies within `distance` km of it and within \
      `hours`; an object without such a point is a false alarm. pod: hits by points; far: false alarms by objects; csi: \
      hits by the sum of points and false alarms; track-hit-rate: the share of best tracks that are hit at `steps` points \
      or more; distance: mean km of the hits to the nearest object. After Bourdin et al. 2022 (Geosci. Model Dev. 15, \
      6759-6786), who match tracks within 300 km.
      """,
    hasEffect: true,
    keys: [
      Key("input", .stream, "objects or tracks"),
      Key("best", .text, required: true, "the file with the best tracks"),
      Key("distance", .number, default: "300", "km"),
      Key("hours", .number, default: "0", "difference in time"),
      Key("steps", .integer, default: "1", "points of a best track that must be hit"),
      Key("json", .text, "a file that gets the scores as JSON too"),
    ])

  private let arguments: Arguments

  public init(_ arguments: Arguments) throws(PlanError) {
    self.arguments = arguments
    for (key, most) in [("distance", 5000.0), ("hours", 240)] {
      if let number = arguments.number(key), !(0...most).contains(number) {
        throw PlanError("`\(key)` lies between 0 and \(most.plain)", at: arguments.mark(key))
      }
    }
    if let steps = arguments.integer("steps"), steps < 1 {
      throw PlanError("`steps` is 1 at least", at: arguments.mark("steps"))
    }
  }

  public var files: [String] { arguments.path("best").map { [$0] } ?? [] }

  public func plan(_ inputs: StageInputs, in graph: inout ComputationGraph) throws(PlanError) -> NodeID {
    let input = try inputs.stream("input")
    guard let listing = (graph.computation(input.node) as? any Listing)?.listing else {
      throw PlanError(
        "`\(input.name)` is no list of objects", at: input.mark, subject: input.name,
        remedy: "give the result of `objects`, `cyclones` or `tracks` itself")
    }
    guard let time = input.description.time else {
      throw PlanError("`\(input.name)` has no time axis", at: input.mark, subject: "time")
    }
    var ticks: [Int64] = []
    do {
      let reference = try time.reference()
      for value in time.values { ticks.append(try reference.ticks(value)) }
    } catch { throw PlanError(error.cause, at: input.mark, subject: "time", remedy: error.remedy) }
    let path = arguments.path("best") ?? ""
    // Small beside any field, and read to find what is wrong before anything is computed.
    let best: BestTracks
    do throws(StageError) { best = try BestTracks(path, calendar: time.calendar) } catch {
      throw PlanError(error.cause, at: arguments.mark("best"), subject: error.subject, remedy: error.remedy)
    }
    let metrics = Matched.metrics
    return graph.add(
      Matched(
        output: Description(
          variables: metrics.map { VariableDescription(name: $0.name, longName: $0.title, units: $0.units) },
          time: nil,
          grid: Grid(kind: .bare, y: .index("y", 1), x: .index("x", 1)),
          globalAttributes: input.description.globalAttributes),
        listing: listing, best: best, ticks: ticks, cells: SphereCells(input.description.grid),
        distance: arguments.number("distance") ?? 300,
        tolerance: Int64((arguments.number("hours") ?? 0) * 3_600_000_000),
        steps: arguments.integer("steps") ?? 1,
        json: arguments.path("json").map { .init(path: $0, mark: arguments.mark("json")) },
        name: input.name, order: graph.nodes.count * 1_000_000), inputs: [listing.node ?? input.node])
  }
}

/// Scores against best tracks.
struct Matched: ReadingComputation {
  static let metrics: [(name: String, title: String, units: String)] = [
    ("pod", "share of the points of best tracks that are hit", "1"),
    ("far", "share of the objects without a point", "1"), ("csi", "critical success index", "1"),
    ("track_hit_rate", "share of the best tracks that are hit", "1"),
    ("distance", "mean distance of the hits", "km"),
  ]
  let output: Description
  let listing: ObjectListing
  let best: BestTracks
  let ticks: [Int64]
  let cells: SphereCells
  let distance: Double
  let tolerance: Int64
  let steps: Int
  let json: Evaluated.File?
  let name: String
  let order: Int
  let label = "match with best tracks"
  var effect: Effect? { Effect(files: json.map { [.init(path: $0.path, mark: $0.mark)] } ?? []) }

  func compute(reading inputs: any FieldReader, run: RunContext) throws(StageError) -> Block {
    let objects = listing.found.all
    let places = objects.map { Sphere.vector($0.latitude, $0.longitude) }
    var byTime: [Int: [Int]] = [:]
    for (index, object) in objects.enumerated() { byTime[object.time, default: []].append(index) }
    var isFounded = [Bool](repeating: false, count: objects.count)
    var (points, hits, far) = (0, 0, 0.0)
    var tracks: [Int: Int] = [:]
    for point in best.points {
      let near = ticks.indices.filter {
        abs(ticks[$0].subtractingReportingOverflow(point.ticks).partialValue) <= tolerance
      }
      guard !near.isEmpty, isCovered(point) else { continue }
      points += 1
      tracks[point.track, default: 0] += 0
      let place = Sphere.vector(point.latitude, point.longitude)
      var least = Double.infinity
      for index in near.flatMap({ byTime[$0] ?? [] }) {
        let d = Sphere.distance(place, places[index])
        if d <= distance {
          isFounded[index] = true
          least = min(least, d)
        }
      }
      if least.isFinite {
        hits += 1
        far += least
        tracks[point.track, default: 0] += 1
      }
    }
    let alarms = isFounded.count { !$0 }
    func ratio(_ a: Int, _ b: Int) -> Double { b > 0 ? Double(a) / Double(b) : .nan }
    let values = [
      ratio(hits, points), ratio(alarms, objects.count), ratio(hits, points + alarms),
      ratio(tracks.values.count { $0 >= steps }, tracks.count), hits > 0 ? far / Double(hits) : .nan,
    ]
    let block = try Block.make(output.whole)
    var scores: [Score] = []
    for (index, metric) in Self.metrics.enumerated() {
      let place = block.mapOffset(index, 0, 0)
      let isValid = values[index].isFinite
      (block.values[place], block.validity[place]) = (isValid ? Float(values[index]) : .nan, isValid ? 1 : 0)
      scores.append(
        Score(
          method: name, variable: listing.noun, metric: metric.name, value: values[index],
          units: metric.units,
          region: "all", period: "all", n: points, order: order + index))
    }
    for score in scores { run.report(.score(score)) }
    run.tell(
      "\(hits) of \(points) points of \(tracks.count) best tracks, \(alarms) of \(objects.count) objects without one"
    )
    if let json { try ScoreFile.write(scores, to: json.path) }
    return block
  }

  /// The point lies over the grid: a cell is no farther than its own size.
  private func isCovered(_ point: BestTracks.Point) -> Bool {
    cells.covers(point.latitude, point.longitude)
  }
}

extension SphereCells {
  /// Whether a place lies over the grid; of grids that are not rectilinear within the box of their centres.
  func covers(_ latitude: Double, _ longitude: Double) -> Bool {
    let (south, north, west, width) = extent
    guard latitude >= south, latitude <= north else { return false }
    if isPeriodic { return true }
    return Sphere.longitude(longitude, from: west) - west <= width
  }
}
