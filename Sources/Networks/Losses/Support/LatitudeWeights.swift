import Compute

/// How much the rows of a grid count, by the area that they stand for: the cosine of the latitude, divided by the
/// mean of all, so that weights of one kind are comparable with those of a plane.
///
/// - Parameter latitudes: in degrees, of the rows' centres; what is beyond a pole counts as the pole.
/// - Returns: as many numbers, not negative, of mean 1; all 1 when every row lies on a pole.
public func latitudeWeights(_ latitudes: [Double]) -> [Double] {
  let areas = latitudes.map { max(0, Double.cos(min(90, abs($0)) * .pi / 180)) }
  let mean = areas.reduce(0, +) / Double(max(1, areas.count))
  guard mean > 1e-12, mean.isFinite else { return latitudes.map { _ in 1 } }
  return areas.map { $0 / mean }
}
