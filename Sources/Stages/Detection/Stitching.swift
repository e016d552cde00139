import Grids

/// Puts the objects of successive times together to tracks.
struct Stitching: Sendable {
  enum Method: String, Sendable { case nearest, overlap }
  /// A value that a track must have for some of its steps.
  struct Demand: Sendable {
    /// A column; -1 latitude, -2 longitude, -3 distance from the equator.
    let column: Int
    let low: Double
    let high: Double
    let steps: Int
  }
  let method: Method
  /// km from one step to the next, gap or not.
  let range: Double
  /// The share of the smaller one that two objects have in common, for `overlap`.
  let share: Double
  /// Steps that may lack between two points of a track.
  let gap: Int
  let minimumSteps: Int
  /// Seconds from the first to the last point.
  let minimumDuration: Double
  /// km along the track, and from its first to its last point.
  let minimumLength: Double
  let minimumDisplacement: Double
  let demands: [Demand]

  struct Track: Sendable {
    var points: [FoundObject]
    /// Numbers of the tracks that it came from and went into; 0: none.
    var splitFrom = 0
    var mergedInto = 0
  }

  /// - Parameters:
  ///   - objects: by time.
  ///   - seconds: of each time.
  ///   - areas: of the cells, for `overlap`.
  func tracks(_ objects: [[FoundObject]], seconds: [Double], areas: [Double]) -> [Track] {
    var tracks: [Track] = []
    for time in objects.indices {
      let candidates = objects[time]
      let active = tracks.indices.filter {
        guard let last = tracks[$0].points.last?.time else { return false }
        return last < time && time - last <= gap + 1
      }
      let pairs = pairs(tracks, active, candidates, time, areas)
      var owner = [Int?](repeating: nil, count: candidates.count)
      var isContinued = Set<Int>()
      for pair in pairs where owner[pair.candidate] == nil && !isContinued.contains(pair.track) {
        owner[pair.candidate] = pair.track
        isContinued.insert(pair.track)
      }
      // What found its object taken has merged into the one that has it, if it does not go on later.
      for pair in pairs where !isContinued.contains(pair.track) && tracks[pair.track].mergedInto == 0 {
        if let other = owner[pair.candidate] { tracks[pair.track].mergedInto = other + 1 }
      }
      for (index, candidate) in candidates.enumerated() {
        if let track = owner[index] {
          tracks[track].points.append(candidate)
          tracks[track].mergedInto = 0
        } else {
          var track = Track(points: [candidate])
          if let parent = pairs.first(where: { $0.candidate == index && isContinued.contains($0.track) }) {
            track.splitFrom = parent.track + 1
          }
          tracks.append(track)
        }
      }
    }
    return kept(tracks, seconds)
  }

  private struct Pair {
    let track: Int
    let candidate: Int
    let lag: Int
    /// Less is better.
    let cost: Double
  }

  /// All that could go together, the best first.
  private func pairs(
    _ tracks: [Track], _ active: [Int], _ candidates: [FoundObject], _ time: Int, _ areas: [Double]
  ) -> [Pair] {
    var pairs: [Pair] = []
    switch method {
    case .nearest:
      let places = candidates.map { Sphere.vector($0.latitude, $0.longitude) }
      for track in active {
        guard let last = tracks[track].points.last else { continue }
        let from = Sphere.vector(last.latitude, last.longitude)
        for (index, place) in places.enumerated() {
          let distance = Sphere.distance(from, place)
          if distance <= range {
            pairs.append(Pair(track: track, candidate: index, lag: time - last.time, cost: distance))
          }
        }
      }
    case .overlap:
      var owners: [Int32: Int] = [:]
      var sizes: [Double] = []
      for (index, candidate) in candidates.enumerated() {
        for cell in candidate.cells { owners[cell] = index }
        sizes.append(candidate.cells.reduce(0) { $0 + areas[Int($1)] })
      }
      for track in active {
        guard let last = tracks[track].points.last else { continue }
        var common: [Int: Double] = [:]
        var size = 0.0
        for cell in last.cells {
          size += areas[Int(cell)]
          if let owner = owners[cell] { common[owner, default: 0] += areas[Int(cell)] }
        }
        for (index, area) in common.sorted(by: { $0.key < $1.key }) {
          let ratio = area / max(min(size, sizes[index]), 1e-12)
          if ratio > 0, ratio >= share {
            pairs.append(Pair(track: track, candidate: index, lag: time - last.time, cost: -area))
          }
        }
      }
    }
    return pairs.sorted {
      ($0.lag, $0.cost, $0.track, $0.candidate) < ($1.lag, $1.cost, $1.track, $1.candidate)
    }
  }

  /// The tracks that last and go as they must, numbered anew.
  private func kept(_ tracks: [Track], _ seconds: [Double]) -> [Track] {
    var numbers = [Int](repeating: 0, count: tracks.count + 1)
    var result: [Track] = []
    for (index, track) in tracks.enumerated() where isKept(track, seconds) {
      result.append(track)
      numbers[index + 1] = result.count
    }
    for index in result.indices {
      result[index].splitFrom = numbers[result[index].splitFrom]
      result[index].mergedInto = numbers[result[index].mergedInto]
      for point in result[index].points.indices { result[index].points[point].number = index + 1 }
    }
    return result
  }

  private func isKept(_ track: Track, _ seconds: [Double]) -> Bool {
    guard track.points.count >= minimumSteps, let first = track.points.first, let last = track.points.last
    else {
      return false
    }
    if minimumDuration > 0, seconds[last.time] - seconds[first.time] < minimumDuration { return false }
    func distance(_ a: FoundObject, _ b: FoundObject) -> Double {
      Sphere.distance((a.latitude, a.longitude), (b.latitude, b.longitude))
    }
    if minimumDisplacement > 0, distance(first, last) < minimumDisplacement { return false }
    if minimumLength > 0,
      zip(track.points, track.points.dropFirst()).reduce(0, { $0 + distance($1.0, $1.1) }) < minimumLength
    {
      return false
    }
    return demands.allSatisfy { demand in
      track.points.count { point in
        let value =
          switch demand.column {
          case -1: point.latitude
          case -2: point.longitude
          case -3: abs(point.latitude)
          default: point.values.indices.contains(demand.column) ? point.values[demand.column] : .nan
          }
        return value >= demand.low && value <= demand.high
      } >= demand.steps
    }
  }
}

/// All tracks of a stream: one cell that counts them.
struct Stitched: ReadingComputation, Listing {
  let output: Description
  let stitching: Stitching
  let source: ObjectListing
  let listing: ObjectListing
  let input: Description
  let seconds: [Double]
  let cells: SphereCells
  var label: String { "\(source.noun) tracks" }

  func compute(reading inputs: any FieldReader, run: RunContext) throws(StageError) -> Block {
    let objects = (0..<input.timeCount).map { source.found.at($0) }
    let areas = stitching.method == .overlap ? try cells.cellAreas() : []
    let tracks = stitching.tracks(objects, seconds: seconds, areas: areas)
    listing.found.removeAll()
    var byTime = [[FoundObject]](repeating: [], count: input.timeCount)
    for track in tracks {
      for var point in track.points {
        point.values += [Double(track.splitFrom), Double(track.mergedInto)]
        byTime[point.time].append(point)
      }
    }
    for (time, points) in byTime.enumerated() {
      listing.found.set(points.sorted { $0.number < $1.number }, at: time)
    }
    let block = try Block.make(output.whole)
    block.values[0] = Float(tracks.count)
    block.validity[0] = 1
    run.tell("\(tracks.count) tracks of \(objects.reduce(0) { $0 + $1.count }) objects")
    return block
  }
}

/// The number of its track in each cell of a tracked object.
struct TrackMap: Listing {
  let output: Description
  let listing: ObjectListing
  let cells: SphereCells
  let label = "map of tracks"
  let isKept = true

  func steps(for region: Region) -> [[Need]] {
    [[Need(0, Region(variables: 0..<1, times: 0..<1, layers: 0..<1, rows: 0..<1, columns: 0..<1))]]
  }

  func begin(_ region: Region) throws(StageError) -> any Work { TrackMapWork(self, try Block.make(region)) }

  private final class TrackMapWork: Work {
    let map: TrackMap
    let result: Block
    init(_ map: TrackMap, _ result: Block) { (self.map, self.result) = (map, result) }
    func take(_ blocks: [Block], step: Int) throws(StageError) {
      let region = result.region
      for i in 0..<result.count { (result.values[i], result.validity[i]) = (.nan, 0) }
      for (position, time) in region.times.enumerated() {
        let start = result.mapOffset(0, position, 0)
        for object in map.listing.found.at(time) {
          for cell in object.cells {
            let (row, column) = (Int(cell) / map.cells.width, Int(cell) % map.cells.width)
            guard region.rows.contains(row) else { continue }
            // Columns that repeat the first ones too.
            for column in [column, column + map.cells.columns] where region.columns.contains(column) {
              let i =
                start + (row - region.rows.lowerBound) * region.columns.count + column
                - region.columns.lowerBound
              (result.values[i], result.validity[i]) = (Float(object.number), 1)
            }
          }
        }
      }
    }
    func finish() throws(StageError) -> Block { result }
  }
}
