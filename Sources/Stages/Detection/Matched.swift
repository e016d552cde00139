import Basics
import Grids

/// Where the edges of a box stand among the numbers of an object.
struct BoxColumns: Sendable {
  let south: Int
  let north: Int
  let west: Int
  let east: Int

  /// Nil when the objects are no boxes.
  init?(_ columns: [ListColumn]) {
    func place(_ name: String) -> Int? { columns.firstIndex { $0.name == name } }
    guard let south = place("south"), let north = place("north"), let west = place("west"),
      let east = place("east")
    else { return nil }
    (self.south, self.north, self.west, self.east) = (south, north, west, east)
  }

  func box(_ object: FoundObject) -> SphereBox {
    let values = object.values
    return SphereBox(
      south: values[south], north: values[north], west: values[west], width: values[east] - values[west])
  }
}

/// Scores against best tracks or true objects.
struct Matched: ReadingComputation {
  enum Truth: Sendable {
    case tracks(BestTracks)
    case objects(ObjectListing, ticks: [Int64])

    var listing: ObjectListing? { if case .objects(let listing, _) = self { listing } else { nil } }
  }
  enum Nearness: Sendable {
    /// km.
    case distance(Double)
    /// Of boxes: the area of both by that of either.
    case overlap(Double)
  }

  static func metrics(isJudged: Bool) -> [(name: String, title: String, units: String)] {
    [
      ("pod", "share of the points of best tracks that are hit", "1"),
      ("far", "share of the objects without a point", "1"), ("csi", "critical success index", "1"),
      ("track_hit_rate", "share of the best tracks that are hit", "1"),
      ("distance", "mean distance of the hits", "km"),
    ]
      + (isJudged
        ? [
          ("threshold", "objects from here on count", "1"),
          ("average_precision", "area under precision over recall", "1"),
        ] : [])
  }

  let output: Description
  let listing: ObjectListing
  let truth: Truth
  let ticks: [Int64]
  let cells: SphereCells
  let nearness: Nearness
  let tolerance: Int64
  let steps: Int
  /// Of the list: what objects are judged by.
  let column: Int?
  let threshold: Verified.Threshold?
  let measured: [Int]
  /// Of the reliability table; 0: none.
  let bins: Int
  let period: String
  let metrics: [(name: String, title: String, units: String)]
  let json: Evaluated.File?
  let name: String
  let order: Int
  var label: String {
    switch truth {
    case .tracks: "match with best tracks"
    case .objects: "match with objects"
    }
  }
  var effect: Effect? { Effect(files: json.map { [.init(path: $0.path, mark: $0.mark)] } ?? []) }

  func compute(reading inputs: any FieldReader, run: RunContext) throws(StageError) -> Block {
    let pairs = Pairs(self)
    var limit = -Double.infinity
    switch threshold {
    case .given(let number): limit = number
    case .best(let times): limit = pairs.best(Set(times))
    case nil: break
    }
    let result = pairs.counts(Set(measured), from: limit)
    func ratio(_ a: Int, _ b: Int) -> Double { b > 0 ? Double(a) / Double(b) : .nan }
    var values = [
      ratio(result.hits, result.points), ratio(result.alarms, result.objects),
      ratio(result.hits, result.points + result.alarms),
      ratio(result.tracks.values.count { $0 >= steps }, result.tracks.count),
      result.hits > 0 ? result.far / Double(result.hits) : .nan,
    ]
    if column != nil {
      values += [threshold == nil ? .nan : limit, pairs.averagePrecision(Set(measured))]
    }
    let block: Block
    do { block = try Block(missing: output.whole) } catch { throw StageError("\(error)") }
    var scores: [Score] = []
    for (index, metric) in metrics.enumerated() {
      let place = block.mapOffset(index, 0, 0)
      if Float(values[index]).isFinite {
        (block.values[place], block.validity[place]) = (Float(values[index]), 1)
      }
      scores.append(
        Score(
          method: name, variable: listing.noun, metric: metric.name, value: values[index],
          units: metric.units, region: "all", period: period, n: result.points, order: order + index))
    }
    for score in scores { run.report(.score(score)) }
    run.tell(
      "\(result.hits) of \(result.points) points of \(result.tracks.count) best tracks, \(result.alarms) of \(result.objects) objects without one"
    )
    var more: [(String, JSONValue)] = []
    if bins > 0 {
      let table = try pairs.reliability(Set(measured), bins: bins)
      table.write(to: block, from: metrics.count, layer: 0)
      more = [
        ("reliability", ReliabilityTable.json([.init(method: name, variable: listing.noun, table: table)]))
      ]
    }
    if let json { try ScoreFile.write(scores, to: json.path, more: more) }
    return block
  }

  /// Points and objects that are near one another in place and time.
  struct Pairs {
    struct Point {
      let track: Int
      /// Steps of the input at the point's time.
      let steps: [Int]
    }
    struct Pair {
      let point: Int
      let object: Int
      /// km between the centres.
      let distance: Double
    }
    struct Counts {
      var points = 0, hits = 0, objects = 0, alarms = 0
      /// Sum of the distances of the hits.
      var far = 0.0
      /// Hits by best track.
      var tracks: [Int: Int] = [:]
      var csi: Double { points + alarms > 0 ? Double(hits) / Double(points + alarms) : 0 }
    }
    private let objects: [FoundObject]
    private let worth: [Double]
    private var points: [Point] = []
    /// By point.
    private var pairs: [Pair] = []

    init(_ matched: Matched) {
      objects = matched.listing.found.all
      worth = objects.map { object in matched.column.map { object.values[$0] } ?? 0 }
      let places = objects.map { Sphere.vector($0.latitude, $0.longitude) }
      let columns = BoxColumns(matched.listing.columns)
      let boxes = columns.map { columns in objects.map(columns.box) } ?? []
      var byTime: [Int: [Int]] = [:]
      for (index, object) in objects.enumerated() { byTime[object.time, default: []].append(index) }
      for (track, ticks, latitude, longitude, box) in matched.truePoints {
        let steps = matched.ticks.indices.filter {
          let (apart, overflow) = matched.ticks[$0].subtractingReportingOverflow(ticks)
          return !overflow && apart.magnitude <= matched.tolerance.magnitude
        }
        guard !steps.isEmpty, matched.cells.covers(latitude, longitude) else { continue }
        let place = Sphere.vector(latitude, longitude)
        for index in steps.flatMap({ byTime[$0] ?? [] }) {
          let distance = Sphere.distance(place, places[index])
          let isNear =
            switch matched.nearness {
            case .distance(let most): distance <= most
            case .overlap(let least): box.map { $0.overlap(boxes[index]) >= least } ?? false
            }
          if isNear { pairs.append(Pair(point: points.count, object: index, distance: distance)) }
        }
        points.append(Point(track: track, steps: steps))
      }
    }

    func counts(_ times: Set<Int>, from limit: Double) -> Counts {
      var counts = Counts()
      func matters(_ object: Int) -> Bool { times.contains(objects[object].time) && !(worth[object] < limit) }
      var isFounded = [Bool](repeating: false, count: objects.count)
      var nearest = [Double](repeating: .infinity, count: points.count)
      for pair in pairs where matters(pair.object) {
        isFounded[pair.object] = true
        nearest[pair.point] = min(nearest[pair.point], pair.distance)
      }
      for (index, point) in points.enumerated() where point.steps.contains(where: times.contains) {
        counts.points += 1
        counts.tracks[point.track, default: 0] += nearest[index].isFinite ? 1 : 0
        if nearest[index].isFinite {
          counts.hits += 1
          counts.far += nearest[index]
        }
      }
      for index in objects.indices where matters(index) {
        counts.objects += 1
        if !isFounded[index] { counts.alarms += 1 }
      }
      return counts
    }

    /// The lowest of the numbers from which the critical success index is largest; of very many only some are tried.
    func best(_ times: Set<Int>) -> Double {
      let all = Set(
        objects.indices.filter { times.contains(objects[$0].time) && worth[$0].isFinite }.map { worth[$0] }
      )
      .sorted()
      let tried = min(all.count, 1000)
      var (best, most) = (-Double.infinity, -1.0)
      for index in 0..<tried {
        let limit = all[index * all.count / max(1, tried)]
        let csi = counts(times, from: limit).csi
        if csi > most { (best, most) = (limit, csi) }
      }
      return best
    }

    /// Objects in the order of their worth, each taken for the nearest point that no better one has: the mean over the
    /// points of the precision where each is found.
    func averagePrecision(_ times: Set<Int>) -> Double {
      let all = points.indices.filter { points[$0].steps.contains(where: times.contains) }.count
      guard all > 0 else { return .nan }
      var near: [Int: [Pair]] = [:]
      for pair in pairs { near[pair.object, default: []].append(pair) }
      let order = objects.indices.filter { times.contains(objects[$0].time) && worth[$0].isFinite }
        .sorted { worth[$0] != worth[$1] ? worth[$0] > worth[$1] : $0 < $1 }
      var isTaken = Set<Int>()
      var (hits, sum) = (0, 0.0)
      for (rank, object) in order.enumerated() {
        let free = (near[object] ?? []).filter { !isTaken.contains($0.point) }
        guard let pair = free.min(by: { $0.distance < $1.distance }) else { continue }
        isTaken.insert(pair.point)
        hits += 1
        sum += Double(hits) / Double(rank + 1)
      }
      return sum / Double(all)
    }

    func reliability(_ times: Set<Int>, bins: Int) throws(StageError) -> ReliabilityTable {
      var table = ReliabilityTable(bins: bins)
      let founded = Set(pairs.map(\.object))
      for index in objects.indices where times.contains(objects[index].time) && !worth[index].isNaN {
        guard (0...1).contains(worth[index]) else {
          throw StageError(
            "an object has the number \(worth[index].plain), which is no probability",
            remedy: "leave out `reliability`, or judge `by` another column")
        }
        table.add(worth[index], isThere: founded.contains(index))
      }
      return table
    }
  }

  /// What should have been found: points of best tracks, or objects.
  private var truePoints: [(track: Int, ticks: Int64, latitude: Double, longitude: Double, box: SphereBox?)] {
    switch truth {
    case .tracks(let best):
      return best.points.map { ($0.track, $0.ticks, $0.latitude, $0.longitude, nil) }
    case .objects(let list, let ticks):
      let columns = BoxColumns(list.columns)
      return list.found.all.enumerated().map { index, object in
        (
          list.isTracks ? object.number : index, ticks[object.time], object.latitude, object.longitude,
          columns?.box(object)
        )
      }
    }
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
