import Grids

/// Finds centres: local extrema with closed contours around them and other values near them.
struct CycloneScan: MapScan {
  /// The value rises by `rise` (falls, when negative) from the extremum within `search` of the centre on every way
  /// out, before the distance is reached.
  struct Contour: Sendable {
    let field: Int
    let rise: Double
    let distance: Double
    let search: Double
  }
  /// A value within the distance reaches the bound.
  struct Threshold: Sendable {
    let field: Int
    let low: Double
    let high: Double
    let within: Double
  }
  /// A number that is told of each centre.
  struct Told: Sendable {
    enum Take: String, CaseIterable, Sendable { case value, min, max, mean }
    let field: Int
    let take: Take
    let within: Double
  }

  let label = "cyclone centres"
  let output: Description
  let fields: [DetectionField]
  let cells: SphereCells
  let listing: ObjectListing
  let isMinimum: Bool
  let merge: Double
  let contours: [Contour]
  let thresholds: [Threshold]
  let told: [Told]
  let diagonal: Bool
  let latitude: ClosedRange<Double>
  let absoluteLatitude: ClosedRange<Double>
  /// km around a centre that are painted.
  let radius: Double

  func scan(_ maps: [[Float]], time: Int) throws(StageError) -> (objects: [FoundObject], painted: [[Float]]) {
    var visited = VisitedCells(cells.count)
    let search = maps[0]
    var centres = extrema(search)
    if merge > 0 { centres = merged(centres, search) }
    centres = centres.filter { centre in
      contours.allSatisfy { isClosed($0, maps[$0.field], centre, &visited) }
        && thresholds.allSatisfy { holds($0, maps[$0.field], centre, &visited) }
    }
    let areas = told.contains { $0.take == .mean && $0.within > 0 } ? try cells.cellAreas() : []
    var mask = [Float](repeating: 0, count: cells.count)
    for cell in 0..<cells.count where search[cell].isNaN { mask[cell] = .nan }
    var objects: [FoundObject] = []
    for centre in centres {
      let place = cells.place(centre)
      let values = told.map { value($0, maps[$0.field], centre, areas, &visited) }
      let covered = cells.within(radius, of: centre, diagonal: true, &visited)
      for cell in covered where !mask[cell].isNaN { mask[cell] = 1 }
      objects.append(
        FoundObject(
          time: time, number: objects.count + 1, latitude: place.latitude,
          longitude: Sphere.longitude(place.longitude, from: listing.west), values: values,
          cells: covered.map { Int32(truncatingIfNeeded: $0) }))
    }
    return (objects, [mask])
  }

  /// Cells with no neighbour beyond them: of equal ones all count.
  private func extrema(_ map: [Float]) -> [Int] {
    var result: [Int] = []
    for cell in 0..<cells.count where !map[cell].isNaN && !cells.isRepeat(cell) {
      let y = cells.place(cell).latitude
      guard latitude.contains(y), absoluteLatitude.contains(abs(y)) else { continue }
      let value = map[cell]
      var isExtreme = true
      cells.forNeighbours(of: cell, diagonal: diagonal) { neighbour in
        let other = map[neighbour]
        if isMinimum ? other < value : other > value { isExtreme = false }
      }
      if isExtreme { result.append(cell) }
    }
    return result
  }

  /// Without those that have a deeper one within the merging distance; of equal ones the first stays.
  private func merged(_ centres: [Int], _ map: [Float]) -> [Int] {
    let limit = Sphere.chordSquare(merge)
    let places = centres.map { cells.vector($0) }
    // Sorted by height on the axis of the Earth: only a band of them can be near.
    let order = centres.indices.sorted { (places[$0].z, $0) < (places[$1].z, $1) }
    let reach = limit.squareRoot()
    var isKept = [Bool](repeating: true, count: centres.count)
    for (position, a) in order.enumerated() {
      var next = position + 1
      while next < order.count, places[order[next]].z - places[a].z <= reach {
        let b = order[next]
        next += 1
        let d = places[a] - places[b]
        guard (d * d).sum() <= limit else { continue }
        let (x, y) = (map[centres[a]], map[centres[b]])
        if x == y {
          isKept[max(a, b)] = false
        } else {
          isKept[(isMinimum ? x < y : x > y) ? b : a] = false
        }
      }
    }
    return centres.indices.filter { isKept[$0] }.map { centres[$0] }
  }

  private func isClosed(_ contour: Contour, _ map: [Float], _ centre: Int, _ visited: inout VisitedCells)
    -> Bool
  {
    var origin = centre
    if contour.search > 0 {
      let near = cells.within(contour.search, of: centre, diagonal: diagonal, &visited)
      var best = Float.nan
      for cell in near {
        let value = map[cell]
        guard !value.isNaN else { continue }
        if best.isNaN || (contour.rise > 0 ? value < best : value > best) { (best, origin) = (value, cell) }
      }
    }
    let reference = Double(map[origin])
    guard !reference.isNaN else { return false }
    let middle = cells.vector(origin)
    let limit = Sphere.chordSquare(contour.distance)
    visited.begin()
    visited.insert(origin)
    var queue = [origin]
    var next = 0
    var isClosed = true
    while next < queue.count, isClosed {
      let cell = queue[next]
      next += 1
      let d = cells.vector(cell) - middle
      if (d * d).sum() > limit {
        isClosed = false
        break
      }
      let change = Double(map[cell]) - reference
      // What is missing stops nothing and so leaves the contour open at the latest at the distance.
      if contour.rise > 0 ? change >= contour.rise : change <= contour.rise { continue }
      cells.forNeighbours(of: cell, diagonal: diagonal) { neighbour in
        if visited.insert(neighbour) { queue.append(neighbour) }
      }
    }
    return isClosed
  }

  private func holds(_ threshold: Threshold, _ map: [Float], _ centre: Int, _ visited: inout VisitedCells)
    -> Bool
  {
    cells.within(threshold.within, of: centre, diagonal: diagonal, &visited).contains {
      let value = Double(map[$0])
      return value >= threshold.low && value <= threshold.high
    }
  }

  private func value(
    _ told: Told, _ map: [Float], _ centre: Int, _ areas: [Double], _ visited: inout VisitedCells
  ) -> Double {
    if told.take == .value || told.within <= 0 { return Double(map[centre]) }
    let near = cells.within(told.within, of: centre, diagonal: diagonal, &visited)
    var best = Double.nan
    var (sum, all) = (0.0, 0.0)
    for cell in near {
      let value = Double(map[cell])
      guard !value.isNaN else { continue }
      switch told.take {
      case .min: if best.isNaN || value < best { best = value }
      case .max: if best.isNaN || value > best { best = value }
      default:
        sum += areas[cell] * value
        all += areas[cell]
      }
    }
    return told.take == .mean ? (all > 0 ? sum / all : .nan) : best
  }
}
