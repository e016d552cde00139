import GridFiles

/// Rows and columns, the places of cells, the grid mapping.
extension HeaderBuilder {
  mutating func addGrid() throws(GridError) {
    let grid = description.grid
    // A bare row of one cell, and the only row of points, are no dimension.
    let hasRows = grid.kind != .points && !(grid.kind == .bare && grid.ny == 1 && grid.y.kind == .index)
    let hasColumns = !(grid.kind == .bare && grid.nx == 1 && grid.x.kind == .index)
    var dimensions: [String] = []
    for (axis, wanted, isThere) in [(grid.y, "y", hasRows), (grid.x, "x", hasColumns)] where isThere {
      // GDAL knows rows and columns without coordinates by these names.
      let name = addDimension(
        axis.kind == .index && grid.kind != .points ? wanted : axis.name, axis.count, isMap: true)
      remember(axis, as: name)
      dimensions.append(name)
      let isPlaced =
        grid.isRectilinear || grid.kind == .rotatedPole || grid.kind == .projected || grid.kind == .bare
      if isPlaced, axis.kind != .index { try addCoordinate(axis, name) }
    }
    if !grid.isRectilinear, grid.kind != .bare, !grid.latitudes.isEmpty { try addPlaces(dimensions) }
    addMapping()
  }

  /// Latitude and longitude of every cell, with corners.
  private mutating func addPlaces(_ dimensions: [String]) throws(GridError) {
    let grid = description.grid
    guard grid.latitudes.count == grid.count, grid.longitudes.count == grid.count else {
      throw GridError(
        "the grid has \(grid.count) cells but \(grid.latitudes.count) latitudes", subject: grid.latitudeName)
    }
    let cornerLongitudes = grid.cornerLongitudes.map {
      BoundsCheck.aligned($0, to: grid.longitudes, corners: 4)
    }
    // Corners that do not surround their centres (masked cells of ocean models) are worse than none.
    var hasCorners = false
    if let latitudes = grid.cornerLatitudes, let longitudes = cornerLongitudes {
      hasCorners =
        BoundsCheck.outside(latitudes, grid.latitudes, corners: 4) == 0
        && BoundsCheck.outside(longitudes, grid.longitudes, corners: 4) == 0
    }
    let isWhole = grid.latitudes.allSatisfy(\.isFinite) && grid.longitudes.allSatisfy(\.isFinite)
    for isLatitude in [true, false] {
      let wanted = isLatitude ? grid.latitudeName : grid.longitudeName
      // A name that is also a dimension's would make it a coordinate variable.
      let name = names.free(dimensions.contains(OutputNames.clean(wanted)) ? wanted + "_2d" : wanted)
      var attributes = [
        Attribute("standard_name", isLatitude ? "latitude" : "longitude"),
        Attribute("long_name", isLatitude ? "latitude" : "longitude"),
        Attribute("units", isLatitude ? "degrees_north" : "degrees_east"),
      ]
      let values = isLatitude ? grid.latitudes : grid.longitudes
      let extents = dimensions.count == 2 ? [grid.ny, grid.nx] : [grid.nx]
      let chunks = Self.chunks(extents, bytes: 8)
      let corners = isLatitude ? grid.cornerLatitudes : cornerLongitudes
      var bounds: String?
      if hasCorners, isWhole {
        let free = names.free(name + "_bnds")
        bounds = free
        attributes.append(Attribute("bounds", free))
      }
      // Cells without a place (the far side of a satellite's view) need a fill value, which CF allows here.
      define(
        name, .float64, dimensions, attributes, fill: isWhole ? nil : .float64([1e20]), chunks: chunks,
        isPacked: true)
      numbers.append((name, isWhole ? values : values.map { $0.isFinite ? $0 : 1e20 }))
      auxiliary.append(name)
      if let bounds, let corners {
        define(
          bounds, .float64, dimensions + [vertexDimension()], [], chunks: chunks + [4], isPacked: true)
        numbers.append((bounds, corners))
      }
    }
  }

  private mutating func addMapping() {
    let grid = description.grid
    guard grid.kind != .bare else { return }
    var attributes = grid.mapping.map(\.attributes) ?? []
    let wanted = grid.mapping?.variableName ?? "crs"
    if grid.mapping == nil {
      guard grid.isRectilinear else { return }
      attributes = [
        Attribute("grid_mapping_name", "latitude_longitude"),
        Attribute("longitude_of_prime_meridian", .float64([0])),
        Attribute("semi_major_axis", .float64([6_378_137])),
        Attribute("inverse_flattening", .float64([298.257223563])),
        Attribute(
          "comment", "the input does not say on which ellipsoid its latitudes are: WGS 84 is assumed"),
      ]
    }
    guard Self.isComplete(attributes) else { return }
    // They describe the extents of the input, or say again what `crs_wkt` says.
    let dropped: Set<String> = [
      "GeoTransform", "spatial_ref", "crs_wkt", "esri_pe_string", "proj4_params", "proj4",
    ]
    let text = ReferenceSystemText.text(attributes, axisUnits: grid.kind == .projected ? grid.x.units : nil)
    let original = attributes["crs_wkt"] ?? attributes["spatial_ref"].map { Attribute("crs_wkt", $0.value) }
    attributes = OutputAttributes.kept(attributes.filter { !dropped.contains($0.name) })
    if let text {
      attributes.append(Attribute("crs_wkt", text))
    } else if let original {
      attributes.append(original)
    }
    let name = names.free(wanted)
    define(name, .int32, [], attributes)
    numbers.append((name, [0]))
    mappingName = name
  }

  /// Whether CF appendix F is met, as far as checkers look. Left out, so that the 2-D latitude and longitude
  /// alone say where cells are: mercator, which compliance-checker 6.1 refuses with any attributes (it takes the
  /// name of the one required attribute apart into letters), and geostationary, for which it demands
  /// coordinates in metres while CF has angles.
  private static func isComplete(_ attributes: [Attribute]) -> Bool {
    guard let name = attributes["grid_mapping_name"]?.text, let required = required[name] else {
      return false
    }
    guard required.allSatisfy({ attributes[$0] != nil }) else { return false }
    guard name == "polar_stereographic" else { return true }
    return (attributes["standard_parallel"] != nil)
      != (attributes["scale_factor_at_projection_origin"] != nil)
  }

  private static let required: [String: [String]] = [
    "latitude_longitude": [],
    "rotated_latitude_longitude": ["grid_north_pole_latitude", "grid_north_pole_longitude"],
    "albers_conical_equal_area": [
      "standard_parallel", "longitude_of_central_meridian", "latitude_of_projection_origin",
    ],
    "lambert_azimuthal_equal_area": ["longitude_of_projection_origin", "latitude_of_projection_origin"],
    "lambert_conformal_conic": [
      "standard_parallel", "longitude_of_central_meridian", "latitude_of_projection_origin",
    ],
    "polar_stereographic": ["straight_vertical_longitude_from_pole", "latitude_of_projection_origin"],
    "stereographic": [
      "longitude_of_projection_origin", "latitude_of_projection_origin", "scale_factor_at_projection_origin",
    ],
    "transverse_mercator": [
      "scale_factor_at_central_meridian", "longitude_of_central_meridian", "latitude_of_projection_origin",
    ],
  ]
}
