import GridFiles
import Grids
import Stages

/// A grid that the pipeline states for a file which does not: the first value and the step of both axes; how
/// many there are, the file says.
struct InputGrid: Sendable {
  struct Steps: Sendable {
    let first: Double
    let step: Double
    let units: String?
  }
  let y: Steps
  let x: Steps
  /// Attributes of the grid mapping; nil when the axes are latitude and longitude.
  let mapping: [Attribute]?

  static let axisKeys: [Key] = [
    Key("first", .number, required: true, "the centre of the first row or column"),
    Key("step", .number, required: true, "from one centre to the next, with its sign"),
    Key("units", .text, default: "m", "of a projection's axis: m or km"),
  ]
  static let keys: [Key] = [
    Key("latitude", .mapping(axisKeys), "degrees north, by row"),
    Key("longitude", .mapping(axisKeys), "degrees east, by column"),
    Key("y", .mapping(axisKeys), "of a map projection, by row"),
    Key("x", .mapping(axisKeys), "of a map projection, by column"),
    Key(
      "mapping", .dictionary(.list(.text)), "attributes of CF's grid mapping, `grid_mapping_name` among them"),
  ]

  /// From a value that fits the keys.
  init(_ value: ConfigValue) throws(PlanError) {
    func steps(_ key: String) throws(PlanError) -> Steps {
      guard let entry = value[key], let first = entry["first"]?.number, let step = entry["step"]?.number
      else {
        throw PlanError(
          "`grid` needs `latitude` and `longitude`, or `y`, `x` and `mapping`", at: value.mark,
          remedy: "add `\(key): {first: ..., step: ...}`")
      }
      guard step != 0 else { throw PlanError("the step of `\(key)` is 0", at: entry.mark) }
      return Steps(first: first, step: step, units: entry["units"]?.text)
    }
    if let entries = value["mapping"], case .mapping(let attributes) = entries.content {
      (y, x) = (try steps("y"), try steps("x"))
      mapping = attributes.compactMap { entry in
        let numbers = entry.value.list?.compactMap(\.number) ?? []
        if !numbers.isEmpty, numbers.count == entry.value.list?.count {
          return Attribute(entry.key, .float64(numbers))
        }
        return entry.value.text.map { Attribute(entry.key, $0) }
      }
      guard mapping?["grid_mapping_name"]?.text != nil else {
        throw PlanError("`mapping` needs `grid_mapping_name`", at: entries.mark)
      }
    } else {
      (y, x) = (try steps("latitude"), try steps("longitude"))
      mapping = nil
    }
  }

  func grid(ny: Int, nx: Int) throws(GridError) -> Grid {
    func values(_ steps: Steps, _ count: Int) -> [Double] {
      (0..<count).map { steps.first + Double($0) * steps.step }
    }
    guard let mapping else {
      return Grid(
        kind: .regular,
        y: Axis(
          name: "lat", kind: .latitude, standardName: "latitude", longName: "latitude",
          units: "degrees_north",
          values: values(y, ny)),
        x: Axis(
          name: "lon", kind: .longitude, standardName: "longitude", longName: "longitude",
          units: "degrees_east", values: values(x, nx)))
    }
    let isRotated = mapping["grid_mapping_name"]?.text == "rotated_latitude_longitude"
    let grid = Grid(
      kind: isRotated ? .rotatedPole : .projected,
      y: Axis(
        name: isRotated ? "rlat" : "y", kind: isRotated ? .gridLatitude : .projectionY,
        standardName: isRotated ? "grid_latitude" : "projection_y_coordinate",
        longName: isRotated ? "latitude in rotated pole grid" : "y coordinate of projection",
        units: isRotated ? "degrees" : y.units ?? "m", values: values(y, ny)),
      x: Axis(
        name: isRotated ? "rlon" : "x", kind: isRotated ? .gridLongitude : .projectionX,
        standardName: isRotated ? "grid_longitude" : "projection_x_coordinate",
        longName: isRotated ? "longitude in rotated pole grid" : "x coordinate of projection",
        units: isRotated ? "degrees" : x.units ?? "m", values: values(x, nx)),
      mapping: GridMapping(variableName: "crs", attributes: mapping))
    return try grid.withComputedCenters()
  }
}
