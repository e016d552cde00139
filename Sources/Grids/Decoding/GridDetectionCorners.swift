#if canImport(Glibc)
  import Glibc
#endif

/// The order of the four corners of 2-D cells. Files start anywhere and go either way; which of the eight
/// orders it is shows in what neighbours share.
struct CornerOrder {
  /// Where in the file's four the corners (j-½,i-½) (j-½,i+½) (j+½,i+½) (j+½,i-½) are.
  let places: [Int]

  private static let candidates: [[Int]] = [
    [0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2],
    [0, 3, 2, 1], [3, 2, 1, 0], [2, 1, 0, 3], [1, 0, 3, 2],
  ]

  /// - Parameters: corners in degrees, four a cell, row-major.
  init(ny: Int, nx: Int, latitudes: [Double], longitudes: [Double]) {
    func point(_ index: Int) -> (Double, Double, Double) {
      let (phi, lambda) = (latitudes[index] * .pi / 180, longitudes[index] * .pi / 180)
      return (cos(phi) * cos(lambda), cos(phi) * sin(lambda), sin(phi))
    }
    func distance(_ a: Int, _ b: Int) -> Double {
      let (p, q) = (point(a), point(b))
      let (x, y, z) = (p.0 - q.0, p.1 - q.1, p.2 - q.2)
      return (x * x + y * y + z * z).squareRoot()
    }
    // Some cells all over the grid; the seams of ocean grids are few among them.
    let rows = Set(stride(from: 0, to: max(ny - 1, 1), by: max(1, ny / 16))).sorted()
    let columns = Set(stride(from: 0, to: max(nx - 1, 1), by: max(1, nx / 16))).sorted()
    var best = (score: Double.infinity, places: Self.candidates[0])
    for places in Self.candidates {
      var score = 0.0
      for j in rows {
        for i in columns {
          let cell = 4 * (j * nx + i)
          if i + 1 < nx {
            let east = cell + 4
            score +=
              distance(cell + places[1], east + places[0]) + distance(cell + places[2], east + places[3])
          }
          if j + 1 < ny {
            let next = cell + 4 * nx
            score +=
              distance(cell + places[3], next + places[0]) + distance(cell + places[2], next + places[1])
          }
        }
      }
      if score.isFinite, score < best.score - 1e-12 { best = (score, places) }
    }
    places = best.places
  }

  func apply(_ corners: [Double]) -> [Double] {
    if places == [0, 1, 2, 3] { return corners }
    var result = corners
    for cell in stride(from: 0, to: corners.count - 3, by: 4) {
      for corner in 0..<4 { result[cell + corner] = corners[cell + places[corner]] }
    }
    return result
  }
}
