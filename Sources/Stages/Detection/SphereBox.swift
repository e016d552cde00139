/// A box between two parallels and two meridians. Areas are those on the sphere, and the date line is no edge.
struct SphereBox: Sendable, Hashable {
  /// Degrees; the longitudes of a box that goes across the date line are `west` > `east`, or `east` beyond 180.
  var south: Double
  var north: Double
  var west: Double
  /// Degrees from west to east, 0 to 360.
  var width: Double

  init(south: Double, north: Double, west: Double, width: Double) {
    (self.south, self.north) = (max(-90, min(south, north)), min(90, max(south, north)))
    (self.west, self.width) = (west, max(0, min(360, width)))
  }

  init(south: Double, north: Double, west: Double, east: Double) {
    // A width of 0 and one of 360 look alike: what is written with two different numbers is not empty.
    let turned = Sphere.longitude(east, from: west) - west
    self.init(south: south, north: north, west: west, width: turned == 0 && east != west ? 360 : turned)
  }

  var east: Double { west + width }

  /// km2.
  var area: Double { Self.area(south, north, width) }

  private static func area(_ south: Double, _ north: Double, _ width: Double) -> Double {
    guard north > south, width > 0 else { return 0 }
    let bands = System.sin(north * .pi / 180) - System.sin(south * .pi / 180)
    return SphereCells.radius * SphereCells.radius * bands * width * .pi / 180
  }

  /// Degrees of longitude that both have; two boxes that are wide enough meet twice.
  private func commonWidth(_ other: SphereBox) -> Double {
    let start = Sphere.longitude(other.west, from: west) - west
    return max(0, min(width, start + other.width) - start)
      + max(0, min(width, start + other.width - 360))
  }

  /// The area of both by the area of either: 0 to 1.
  func overlap(_ other: SphereBox) -> Double {
    let common = Self.area(max(south, other.south), min(north, other.north), commonWidth(other))
    let either = area + other.area - common
    return either > 0 ? common / either : 0
  }

  /// The middle of parallels and meridians.
  var centre: (latitude: Double, longitude: Double) { ((south + north) / 2, west + width / 2) }

  /// Of boxes in the order of their worth those that overlap no better one by more than `limit`: non-maximum
  /// suppression. Of equal worth the earlier one is better.
  static func suppressed(_ boxes: [(box: SphereBox, worth: Double)], limit: Double) -> [Int] {
    let order = boxes.indices.sorted { a, b in
      boxes[a].worth != boxes[b].worth ? boxes[a].worth > boxes[b].worth : a < b
    }
    var kept: [Int] = []
    for index in order where kept.allSatisfy({ boxes[$0].box.overlap(boxes[index].box) <= limit }) {
      kept.append(index)
    }
    return kept
  }
}
