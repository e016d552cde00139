import GridFiles
import Grids
import Stages

/// A list of objects as a CF file of discrete sampling geometries (CF 1.11, chapter 9): tracks as trajectories in
/// contiguous ragged arrays (appendix H.4.3), other objects as points (H.1).
struct ListFile {
  let definition: FileDefinition
  private let numbers: [(name: String, values: [Double])]

  init(_ list: ListOutput) {
    let isTracks = list.listing.isTracks
    var objects = list.listing.found.all
    if isTracks { objects.sort { ($0.number, $0.time) < ($1.number, $1.time) } }
    let header = list.header
    let time = list.description.time.flatMap { axis in
      header.definition.variables.first { $0.attributes["axis"]?.text == "T" && $0.dimensions.count == 1 }
        .map { (axis, $0) }
    }
    let times = time.flatMap { entry in header.numbers.first { $0.name == entry.1.name }?.values } ?? []
    var counts: [Int] = []
    var ids: [Int] = []
    var firsts: [FoundObject] = []
    for object in objects {
      if ids.last == object.number {
        counts[counts.count - 1] += 1
      } else {
        ids.append(object.number)
        firsts.append(object)
        counts.append(1)
      }
    }

    var definition = FileDefinition()
    // Of length 0 only the unlimited dimension can be, and there is one: without tracks their numbers lie along it.
    let perTrack = objects.isEmpty ? "obs" : "trajectory"
    if isTracks, !objects.isEmpty {
      definition.dimensions.append(Dimension(name: perTrack, length: ids.count))
    }
    definition.dimensions.append(
      Dimension(name: "obs", length: objects.count, isUnlimited: objects.isEmpty))
    var numbers: [(String, [Double])] = []
    func add(
      _ name: String, _ type: ElementType, _ along: String, _ attributes: [Attribute], _ values: [Double],
      fill: Attribute.Value? = nil
    ) {
      let count = along == "obs" ? objects.count : ids.count
      definition.variables.append(
        VariableDefinition(
          name: name, type: type, dimensions: [along], attributes: attributes, fill: fill,
          chunks: count == 0 ? [512] : nil))
      if count > 0 { numbers.append((name, values)) }
    }
    let noun = list.listing.noun
    if isTracks {
      add(
        "track_id", .int32, perTrack,
        [Attribute("long_name", "number of the \(noun)'s track"), Attribute("cf_role", "trajectory_id")],
        ids.map(Double.init))
      if !objects.isEmpty {
        add(
          "row_size", .int32, perTrack,
          [
            Attribute("long_name", "number of points of the track"), Attribute("sample_dimension", "obs"),
            Attribute("units", "1"),
          ], counts.map(Double.init))
      }
    }
    var coordinates: [String] = []
    if let (_, variable) = time {
      coordinates.append("time")
      add(
        "time", .float64, "obs",
        variable.attributes.filter { !["bounds", "climatology"].contains($0.name) },
        objects.map { times.indices.contains($0.time) ? times[$0.time] : .nan })
    }
    coordinates += ["lat", "lon"]
    add(
      "lat", .float64, "obs",
      [
        Attribute("standard_name", "latitude"), Attribute("long_name", "latitude of the \(noun)"),
        Attribute("units", "degrees_north"), Attribute("axis", "Y"),
      ], objects.map(\.latitude))
    add(
      "lon", .float64, "obs",
      [
        Attribute("standard_name", "longitude"), Attribute("long_name", "longitude of the \(noun)"),
        Attribute("units", "degrees_east"), Attribute("axis", "X"),
      ], objects.map(\.longitude))
    let place = [
      Attribute("coordinates", coordinates.joined(separator: " ")),
      Attribute("coverage_content_type", "modelResult"),
    ]
    if !isTracks {
      add(
        "number", .int32, "obs",
        [Attribute("long_name", "number of the \(noun) among those of its time"), Attribute("units", "1")]
          + place,
        objects.map { Double($0.number) })
    }
    for (index, column) in list.listing.columns.enumerated() {
      let quantity = OutputAttributes.quantity(standardName: column.standardName, units: column.units)
      // Whole numbers of a track are the same at all its points.
      let isOfTrack = isTracks && column.isWhole
      let values =
        isOfTrack
        ? firsts.map { $0.values[index] } : objects.map { $0.values[index] }
      let isCount = column.isWhole
      add(
        Self.free(column.name, in: definition), isCount ? .int32 : .float32,
        isOfTrack ? perTrack : "obs",
        [Attribute("long_name", column.longName)] + quantity + (isOfTrack ? [] : place),
        values.map { $0.isFinite ? $0 : 1e20 }, fill: isCount ? nil : .float32([1e20]))
    }
    definition.attributes = Self.attributes(list, objects, times)
    (self.definition, self.numbers) = (definition, numbers)
  }

  private static func free(_ name: String, in definition: FileDefinition) -> String {
    var clean = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
    if clean.first?.isLetter != true { clean = "v_" + clean }
    let taken = Set(definition.variables.map(\.name) + definition.dimensions.map(\.name))
    while taken.contains(clean) { clean += "_" }
    return clean
  }

  /// The global attributes of the field's file, with the extents of the list.
  private static func attributes(_ list: ListOutput, _ objects: [FoundObject], _ times: [Double])
    -> [Attribute]
  {
    let isTracks = list.listing.isTracks
    let noun = list.listing.noun
    let dropped = ["geospatial_", "time_coverage_"]
    let own = ["keywords", "summary", "cdm_data_type"]
    var result = list.header.definition.attributes.filter { attribute in
      !dropped.contains(where: attribute.name.hasPrefix) && !own.contains(attribute.name)
    }
    result.append(Attribute("featureType", isTracks ? "trajectory" : "point"))
    result.append(Attribute("cdm_data_type", isTracks ? "Trajectory" : "Point"))
    result.append(
      Attribute("keywords", "\(noun), " + list.listing.columns.map(\.name).joined(separator: ", ")))
    let count = Set(objects.map(\.number)).count
    result.append(
      Attribute(
        "summary",
        isTracks
          ? "\(count) tracks of \(noun)s with \(objects.count) points."
          : "\(objects.count) \(noun)s, each at one time."))
    let (y, x) = (objects.map(\.latitude), objects.map(\.longitude))
    if let south = y.min(), let north = y.max(), let west = x.min(), let east = x.max() {
      let corners = [(south, west), (north, west), (north, east), (south, east), (south, west)]
      result += [
        Attribute("geospatial_lat_min", .float64([south])),
        Attribute("geospatial_lat_max", .float64([north])),
        Attribute("geospatial_lat_units", "degrees_north"),
        Attribute("geospatial_lon_min", .float64([west])), Attribute("geospatial_lon_max", .float64([east])),
        Attribute("geospatial_lon_units", "degrees_east"),
        Attribute(
          "geospatial_bounds", "POLYGON ((\(corners.map { "\($0.0) \($0.1)" }.joined(separator: ", "))))"),
        Attribute("geospatial_bounds_crs", "EPSG:4326"),
      ]
    }
    if let axis = list.description.time, let reference = try? axis.reference(),
      let first = objects.map(\.time).min(), let last = objects.map(\.time).max(),
      axis.values.indices.contains(last), let start = try? reference.date(axis.values[first]),
      let end = try? reference.date(axis.values[last])
    {
      result += [Attribute("time_coverage_start", start.iso), Attribute("time_coverage_end", end.iso)]
    }
    return result
  }

  func write(to file: OutputFile) async throws {
    for (name, values) in numbers { try await file.write(name, values, start: [0], count: [values.count]) }
  }
}
