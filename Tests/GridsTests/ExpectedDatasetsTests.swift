import GridFiles
import TestSupport
import Testing

@testable import Grids

/// One field of one shared file, as its `ncdump` shows it to a reader of the CF conventions.
private struct Expected: Sendable, CustomTestStringConvertible {
  let file: String
  let field: String
  let kind: Grid.Kind
  let size: (ny: Int, nx: Int)
  let times: Int
  let calendar: CFCalendar?
  let layers: [String]
  let first: String?
  let standardName: String?
  let units: String?
  var testDescription: String { "\(file) \(field)" }

  init(
    _ file: String, _ field: String, _ kind: Grid.Kind, _ ny: Int, _ nx: Int, times: Int = 1,
    _ calendar: CFCalendar? = nil, layers: [String] = [], first: String? = nil, name: String? = nil,
    units: String? = nil
  ) {
    (self.file, self.field, self.kind, size, self.times) = (file, field, kind, (ny, nx), times)
    (self.calendar, self.layers, self.first, standardName, self.units) = (
      calendar, layers, first, name, units
    )
  }
}

private let expected: [Expected] = [
  Expected("dem/etopo20.cdf", "ROSE", .regular, 540, 1081, name: "surface_altitude", units: "METERS"),
  Expected("dem/landsea.nc", "LSMASK", .regular, 180, 360),
  Expected(
    "dem/orog_mod1_rectilinear_grid_2D.nc", "orog", .gaussian, 96, 192, name: "surface_altitude", units: "m"),
  Expected("downscaling/bcsd_obs_1999.nc", "tas", .regular, 33, 81, times: 12, .standard, units: "C"),
  Expected(
    "downscaling/eur11_tas_pair.nc", "tas", .rotatedPole, 412, 424, name: "air_temperature", units: "K"),
  Expected("downscaling/eur11_tas_pair.nc", "tas_coarse", .rotatedPole, 103, 106, name: "air_temperature"),
  Expected("downscaling/gridmet_tmmx_20190121_pair.nc", "tmmx", .regular, 584, 1384, name: "air_temperature"),
  Expected(
    "downscaling/knmi_rain_5min_20100826.nc", "rain", .projected, 765, 700, times: 80, .standard,
    name: "precipitation_amount", units: "kg m-2"),
  Expected(
    "downscaling/test_stageiv_xyt.nc", "Total_precipitation_surface_1_Hour_Accumulation", .curvilinear, 118,
    87,
    times: 23, .prolepticGregorian, first: "2018-09-13T19:00:00Z", name: "precipitation_amount"),
  Expected(
    "fields/A1B_north_america.nc", "air_temperature", .regular, 37, 49, times: 240, .day360,
    first: "1860-06-01",
    name: "air_temperature"),
  Expected(
    "fields/air_temperature_small.nc", "air", .regular, 25, 53, times: 20, .standard, units: "degK"),
  Expected(
    "fields/coads_climatology.cdf", "SST", .regular, 90, 180, times: 12, .standard,
    first: "0000-01-16T06:00:00Z",
    name: "sea_surface_temperature", units: "degC"),
  Expected(
    "fields/eraint_uvz.nc", "u", .regular, 241, 480, layers: ["month", "level"], name: "eastward_wind",
    units: "m s**-1"),
  Expected(
    "fields/hgt_djf.nc", "z", .regular, 29, 49, times: 65, .standard, layers: ["pressure"],
    name: "geopotential_height"),
  Expected(
    "fields/monthly_navy_winds.cdf", "UWND", .regular, 73, 144, times: 132, .standard,
    first: "1982-01-16T20:00:00Z",
    name: "eastward_wind", units: "m/s"),
  Expected("fields/ostia_monthly.nc", "surface_temperature", .regular, 18, 432, times: 54, .standard),
  Expected(
    "fields/rectilinear_grid_3D.nc", "t", .gaussian, 96, 192, times: 1, .standard, layers: ["lev"],
    name: "air_temperature", units: "K"),
  Expected("fields/tas_rectilinear_grid_2D.nc", "tas", .gaussian, 96, 192, times: 12, .prolepticGregorian),
  Expected("fields/uwnd_mean.nc", "uwnd", .regular, 73, 144, times: 12, .standard),
  Expected("odd/360day_tas_hadgem2.nc", "tas", .regular, 2, 2, times: 300, .day360),
  Expected("odd/CRM032.nc", "MSLP", .points, 1, 10855, layers: ["time"], units: "hPa"),
  Expected(
    "odd/cdf5_rotated_pole.nc", "air_pressure_at_sea_level", .rotatedPole, 22, 36, times: 1, .standard),
  Expected(
    "odd/curvilinear_tos_bipolar.nc", "tos", .curvilinear, 220, 256, times: 1, .prolepticGregorian,
    first: "2006-01-16T12:00:00Z"),
  Expected("odd/groups_nc4uvt.nc", "/grp1/T", .gaussian, 64, 128, layers: ["time", "lev"], units: "C"),
  Expected("odd/lambert_conformal.nc", "tas", .projected, 60, 60, times: 12),
  Expected("odd/laea_euro_air_temp.nc", "air_temperature", .projected, 15, 15),
  Expected("odd/mercator_toa.nc", "data", .projected, 192, 192),
  Expected("odd/noleap_tas_giss.nc", "tas", .regular, 6, 5, times: 7300, .noLeap),
  Expected("odd/noleap_tasmax_canesm2_10km.nc", "tasmax", .regular, 36, 36, times: 365, .noLeap),
  Expected("odd/orca2_votemper.nc", "votemper", .curvilinear, 148, 180),
  Expected("odd/rotated_pole_precip.nc", "pr", .rotatedPole, 190, 174, times: 4),
  Expected("odd/five_dims_test-1.nc", "a", .bare, 3, 2, layers: ["c5", "c4", "c3"]),
  Expected(
    "odd/unsigned_packed_tmmx.nc", "air_temperature", .regular, 585, 1386, times: 1, .standard,
    first: "2019-01-21"),
  Expected(
    "odd/wrf_char_times.nc", "T2", .curvilinear, 180, 270, times: 2, .standard, name: "air_temperature"),
  Expected("remote/RAD_NL25_RAP_5min_201008260000.h5", "/image1/image_data", .bare, 765, 700),
  Expected("remote/cloud_top_height_20171025.nc", "HT", .projected, 300, 500, times: 1, .standard),
  Expected("remote/oisst_avhrr_reduced.nc", "sst", .regular, 90, 180, times: 1, .standard, layers: ["zlev"]),
  Expected("remote/toa_brightness_stereographic.nc", "data", .projected, 160, 256),
  Expected(
    "detection/climatenet_windows_1996_2006.nc", "label", .bare, 4, 5, times: 144, .standard,
    layers: ["window"]),
  Expected("detection/hurricane_ir_gridsat.nc", "irwin", .bare, 301, 301, layers: ["storm"], units: "K"),
]

private let wrongThings: [(String, DatasetNote.Level, String, String)] = [
  ("downscaling/bcsd_obs_1999.nc", DatasetNote.Level.error, "/latitude:bounds", "latitude_bnds"),
  ("odd/nonmonotonic_coordinate.nc", .error, "/time1", "not monotonic"),
  ("odd/CRM032.nc", .error, "/MSLP:grid_mapping", "not in the file"),
  ("fields/storm/Pstorm.cdf", .assumed, "/lat", "by its name"),
  ("fields/coads_climatology.cdf", .warning, "/TIME:units", "year 0"),
  ("fields/coads_climatology.cdf", .assumed, "/SST:units", "degC"),
  ("fields/hgt_djf.nc", .warning, "/z", "no `units`"),
  ("odd/wrf_char_times.nc", .assumed, "/Times", "text"),
  ("odd/groups_nc4uvt.nc", .error, "/time:units", "UNIT since DATE"),
  ("detection/hurricane_ir_gridsat.nc", .assumed, "/irwin", "no coordinate says where"),
]

@Suite(.enabled(if: SharedData.isThere, SharedData.reason)) struct ExpectedDatasetsTests {
  @Test(arguments: expected) fileprivate func fieldIsUnderstood(_ expected: Expected) async throws {
    let dataset = try await Dataset.open(SourceFile.open(SharedData.path(expected.file)))
    let field = try #require(dataset.field(expected.field), "fields: \(dataset.fields.map(\.variable.path))")
    let description = field.description
    #expect(description.grid.kind == expected.kind)
    #expect(description.grid.ny == expected.size.ny && description.grid.nx == expected.size.nx)
    #expect(description.timeCount == expected.times)
    #expect(description.time?.calendar == expected.calendar || expected.calendar == nil)
    #expect(description.layers.map(\.name) == expected.layers)
    if let first = expected.first { #expect(try description.time?.date(at: 0).description == first) }
    let variable = description.variables[0]
    if let name = expected.standardName { #expect(variable.standardName == name) }
    if let units = expected.units { #expect(variable.units == units) }
    #expect(field.roles.count == field.variable.dimensions.count)
    if [.rotatedPole, .curvilinear, .points].contains(expected.kind) {
      #expect(description.grid.latitudes.count == description.grid.count)
    }
  }

  /// What is wrong with a file is said.
  @Test(arguments: wrongThings)
  func wrongThingsAreNoted(
    _ file: String, _ level: DatasetNote.Level, _ subject: String, _ text: String
  ) async throws {
    let dataset = try await Dataset.open(SourceFile.open(SharedData.path(file)))
    let found = dataset.notes.contains {
      $0.level == level && $0.subject == subject && $0.text.contains(text)
    }
    #expect(found, "\(dataset.notes.map { "\($0.level) \($0.subject): \($0.text)" })")
  }

  @Test func hintsGiveAPlainFileItsMeaning() async throws {
    var hints = DatasetHints()
    hints.variables = ["/image1/image_data"]
    hints.dimensions = ["/image1/image_data": ["row", "col"]]
    hints.attributes = [
      "*": [
        Attribute("units", "mm"), Attribute("_FillValue", .float64([65535])),
        Attribute("scale_factor", .float64([0.01])),
        Attribute("standard_name", "lwe_thickness_of_precipitation_amount"),
      ]
    ]
    let file = try await SourceFile.open(SharedData.path("remote/RAD_NL25_RAP_5min_201008260000.h5"))
    let dataset = try await Dataset.open(file, hints: hints)
    #expect(dataset.fields.count == 1)
    let field = try #require(dataset.fields.first)
    #expect(field.decoding.scale == 0.01 && field.decoding.missing == [65535])
    #expect(field.description.grid.y.name == "row" && field.description.grid.x.name == "col")
    #expect(field.description.variables[0].units == "mm")
    hints.attributes = ["*": [Attribute("scale_factor", .float64([0]))]]
    let refused = try await Dataset.open(file, hints: hints)
    #expect(refused.fields.isEmpty && refused.refusal("/image1/image_data") != nil)
  }

  @Test func hintedPlacesMakeASwath() async throws {
    var hints = DatasetHints()
    let folder = "/HDFEOS/SWATHS/IWC"
    hints.variables = ["\(folder)/Data Fields/Quality"]
    hints.coordinates = [
      "latitude": "\(folder)/Geolocation Fields/Latitude",
      "longitude": "\(folder)/Geolocation Fields/Longitude",
    ]
    let file = try await SourceFile.open(SharedData.path("remote/MLS-Aura_L2GP-IWC_2007d210.he5"))
    let field = try #require(try await Dataset.open(file, hints: hints).fields.first)
    #expect(field.description.grid.kind == .points && field.description.grid.nx == 3495)
    #expect(field.description.grid.latitudes.allSatisfy { abs($0) <= 90 })
  }
}
