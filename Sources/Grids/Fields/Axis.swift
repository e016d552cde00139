import GridFiles

/// A 1-D coordinate: the values along one dimension and what they mean.
public struct Axis: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case latitude, longitude, gridLatitude, gridLongitude, projectionX, projectionY, vertical
    /// Counting only: the file gives no coordinate.
    case index
    /// Something else with values (ensemble member, wavelength, ...).
    case other
  }

  public var name: String
  public var kind: Kind
  public var standardName: String?
  public var longName: String?
  public var units: String?
  /// `up` or `down` for a vertical axis.
  public var positive: String?
  public var values: [Double]
  /// Two numbers a value: `[low0, high0, low1, high1, ...]` in the order of the file.
  public var bounds: [Double]?
  /// Labels instead of numbers (a string-valued coordinate).
  public var labels: [String]?

  public init(
    name: String, kind: Kind, standardName: String? = nil, longName: String? = nil, units: String? = nil,
    positive: String? = nil, values: [Double], bounds: [Double]? = nil, labels: [String]? = nil
  ) {
    (self.name, self.kind, self.standardName, self.longName) = (name, kind, standardName, longName)
    (self.units, self.positive, self.values, self.bounds, self.labels) = (
      units, positive, values, bounds, labels
    )
  }

  /// An axis that only counts, from 0.
  public static func index(_ name: String, _ count: Int) -> Axis {
    Axis(name: name, kind: .index, values: (0..<count).map(Double.init))
  }

  public var count: Int { values.count }
}
