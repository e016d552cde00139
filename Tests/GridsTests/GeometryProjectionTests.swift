import Foundation
import GridFiles
import TestSupport
import Testing

@testable import Grids

/// Projections against PROJ (gdaltransform), against their own inverse and against the 2-D coordinates of real files.
@Suite struct GeometryProjectionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let proj: String
    let attributes: [Attribute]
    let places: [(Double, Double)]
    var testDescription: String { proj }
  }

  static func number(_ name: String, _ values: Double...) -> Attribute { .init(name, .float64(values)) }
  static let wgs = [number("semi_major_axis", 6_378_137), number("inverse_flattening", 298.257223563)]
  static let cases = [
    Case(
      proj: "+proj=lcc +lat_1=49 +lat_2=46 +lat_0=47.5 +lon_0=13.33 +x_0=400000 +y_0=400000 +ellps=WGS84",
      attributes: wgs + [
        .init("grid_mapping_name", "lambert_conformal_conic"), number("standard_parallel", 49, 46),
        number("latitude_of_projection_origin", 47.5), number("longitude_of_central_meridian", 13.33),
        number("false_easting", 400_000), number("false_northing", 400_000),
      ], places: [(47, 11), (60, -5), (30, 40)]),
    Case(
      proj: "+proj=lcc +lat_1=-30 +lat_0=-30 +lon_0=20 +R=6370000",
      attributes: [
        .init("grid_mapping_name", "lambert_conformal_conic"), number("standard_parallel", -30),
        number("latitude_of_projection_origin", -30), number("longitude_of_central_meridian", 20),
        number("earth_radius", 6_370_000),
      ], places: [(-35, 18), (-10, 40)]),
    Case(
      proj: "+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=WGS84",
      attributes: wgs + [
        .init("grid_mapping_name", "lambert_azimuthal_equal_area"),
        number("latitude_of_projection_origin", 52),
        number("longitude_of_projection_origin", 10), number("false_easting", 4_321_000),
        number("false_northing", 3_210_000),
      ], places: [(40, -10), (52, 10), (70, 40)]),
    Case(
      proj: "+proj=laea +lat_0=90 +lon_0=0 +ellps=WGS84",
      attributes: wgs + [
        .init("grid_mapping_name", "lambert_azimuthal_equal_area"),
        number("latitude_of_projection_origin", 90),
        number("longitude_of_projection_origin", 0),
      ], places: [(70, -40), (85, 120)]),
    Case(
      proj: "+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=23 +lon_0=-96 +ellps=WGS84",
      attributes: wgs + [
        .init("grid_mapping_name", "albers_conical_equal_area"), number("standard_parallel", 29.5, 45.5),
        number("latitude_of_projection_origin", 23), number("longitude_of_central_meridian", -96),
      ], places: [(40, -120), (25, -80)]),
    Case(
      proj: "+proj=merc +lat_ts=20 +lon_0=10 +ellps=WGS84",
      attributes: wgs + [
        .init("grid_mapping_name", "mercator"), number("standard_parallel", 20),
        number("longitude_of_projection_origin", 10),
      ], places: [(60, 30), (-45, -60)]),
    Case(
      proj: "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=-45 +ellps=WGS84",
      attributes: wgs + [
        .init("grid_mapping_name", "polar_stereographic"), number("latitude_of_projection_origin", 90),
        number("straight_vertical_longitude_from_pole", -45), number("standard_parallel", 60),
      ], places: [(70, 10), (50, 170)]),
    Case(
      proj: "+proj=stere +lat_0=-90 +k_0=0.97 +lon_0=0 +x_0=1000 +y_0=-500 +ellps=WGS84",
      attributes: wgs + [
        .init("grid_mapping_name", "polar_stereographic"), number("latitude_of_projection_origin", -90),
        number("straight_vertical_longitude_from_pole", 0), number("scale_factor_at_projection_origin", 0.97),
        number("false_easting", 1000), number("false_northing", -500),
      ], places: [(-70, 10), (-80, -100)]),
    Case(
      proj: "+proj=stere +lat_0=52 +lon_0=5 +k_0=0.9999 +ellps=WGS84",
      attributes: wgs + [
        .init("grid_mapping_name", "stereographic"), number("latitude_of_projection_origin", 52),
        number("longitude_of_projection_origin", 5), number("scale_factor_at_projection_origin", 0.9999),
      ], places: [(50, 3), (60, 20)]),
    Case(
      proj: "+proj=tmerc +lat_0=0 +lon_0=9 +k=0.9996 +x_0=500000 +ellps=WGS84",
      attributes: wgs + [
        .init("grid_mapping_name", "transverse_mercator"), number("latitude_of_projection_origin", 0),
        number("longitude_of_central_meridian", 9), number("scale_factor_at_central_meridian", 0.9996),
        number("false_easting", 500_000),
      ], places: [(48, 11), (-30, 4), (70, 20)]),
    Case(
      proj: "+proj=sinu +R=6371007.181",
      attributes: [.init("grid_mapping_name", "sinusoidal"), number("earth_radius", 6_371_007.181)],
      places: [(45, -70), (-30, 150)]),
  ]

  @Test("PROJ has the same numbers, and the inverse leads back", arguments: cases)
  func likeProj(_ test: Case) throws {
    let mapping = GridMapping(variableName: "crs", attributes: test.attributes)
    let grid = Grid(kind: .projected, y: .index("y", 1), x: .index("x", 1), mapping: mapping)
    let projection = try #require(try grid.projection())
    for (latitude, longitude) in test.places {
      let point = projection.forward(latitude, longitude)
      let back = projection.inverse(point.x, point.y)
      #expect(abs(back.latitude - latitude) < 1e-9 && abs(Angle.wrap(back.longitude - longitude)) < 1e-9)
    }
    guard (try? Command.run(["gdaltransform", "--version"]))?.exit == 0 else {
      print("gdaltransform is not installed: only the inverse was tested")
      return
    }
    let geographic =
      test.proj.contains("+R=")
      ? "+proj=longlat " + (test.proj.split(separator: " ").last ?? "") : "+proj=longlat +ellps=WGS84"
    let input = test.places.map { "\($0.1) \($0.0)" }.joined(separator: "\n") + "\n"
    let result = try Command.run(["gdaltransform", "-s_srs", geographic, "-t_srs", test.proj], input: input)
    try #require(result.exit == 0, "\(result.stderr)")
    let lines = result.stdout.split(separator: "\n").map {
      $0.split(separator: " ").compactMap { Double($0) }
    }
    try #require(lines.count == test.places.count)
    for (place, line) in zip(test.places, lines) {
      let point = projection.forward(place.0, place.1)
      // A millimetre.
      #expect(
        abs(point.x - line[0]) < 1e-3 && abs(point.y - line[1]) < 1e-3, "\(place): \(point) and \(line)")
    }
  }

  @Test("GOES-R product guide, worked example") func geostationary() throws {
    let mapping = GridMapping(
      variableName: "goes",
      attributes: [
        .init("grid_mapping_name", "geostationary"), Self.number("semi_major_axis", 6_378_137),
        Self.number("semi_minor_axis", 6_356_752.31414), Self.number("perspective_point_height", 35_786_023),
        Self.number("longitude_of_projection_origin", -75), .init("sweep_angle_axis", "x"),
      ])
    let grid = Grid(kind: .projected, y: .index("y", 1), x: .index("x", 1), mapping: mapping)
    let projection = try #require(try grid.projection())
    let place = projection.inverse(-0.024052, 0.095340)
    #expect(abs(place.latitude - 33.846162) < 1e-5 && abs(place.longitude + 84.690932) < 1e-5)
    let point = projection.forward(33.846162, -84.690932)
    #expect(abs(point.x + 0.024052) < 1e-7 && abs(point.y - 0.095340) < 1e-7)
    #expect(projection.forward(0, 105).x.isNaN)
    #expect(projection.inverse(0.2, 0.2).latitude.isNaN)
  }

  @Test(
    "the 2-D coordinates of real files",
    .enabled(if: SharedData.isThere, SharedData.reason),
    arguments: [
      // Made on another ellipsoid than the file says: a datum's shift of 250 m.
      ("odd/lambert_conformal.nc", 3e-3), ("odd/mercator_toa.nc", 2e-5),
      ("remote/toa_brightness_stereographic.nc", 2e-5), ("downscaling/eur11_tas_pair.nc", 1e-5),
    ])
  func files(_ name: String, _ tolerance: Double) async throws {
    let dataset = try await Dataset.open(try await SourceFile.open(try SharedData.path(name)))
    let fields = dataset.fields.filter { $0.description.grid.mapping != nil }
    let given = try #require(fields.first { $0.description.grid.latitudes.count > 1 }).description.grid
    var grid = given
    (grid.latitudes, grid.longitudes) = ([], [])
    let computed = try grid.withComputedCenters()
    var worst = 0.0
    for k in 0..<given.count where given.latitudes[k].isFinite && abs(given.latitudes[k]) <= 90 {
      worst = max(worst, abs(computed.latitudes[k] - given.latitudes[k]))
      worst = max(
        worst,
        abs(Angle.wrap(computed.longitudes[k] - given.longitudes[k])) * cos(given.latitudes[k] * Angle.degree)
      )
    }
    print("\(name): \(given.kind.rawValue), worst difference \(worst) degrees")
    #expect(worst < tolerance)
  }

  @Test func missingParameter() {
    let mapping = GridMapping(
      variableName: "crs", attributes: [.init("grid_mapping_name", "mercator_oblique")])
    let grid = Grid(kind: .projected, y: .index("y", 2), x: .index("x", 2), mapping: mapping)
    #expect(throws: GridError.self) { _ = try grid.withComputedCenters() }
    let rotated = Grid(
      kind: .rotatedPole, y: .index("y", 2), x: .index("x", 2),
      mapping: .init(
        variableName: "p", attributes: [.init("grid_mapping_name", "rotated_latitude_longitude")]))
    #expect(throws: GridError.self) { _ = try rotated.withComputedCenters() }
  }
}
