import GridFiles
import Inspection
import Testing

// Beside compliance-checker 6.1.0 (-t cf:1.11 -c strict), on 73 of the 74 files of ../shared/data (on
// odd/hdf5_compat1.nc with its 2000 variables the checker ends in no 5 minutes), by peers/compliance.py:
// 772 messages of the checker, 635 with a finding of ours at the same variable in the same chapter. The other 137:
//
//   30  mercator_toa.nc: the checker takes the letters of one attribute's name for required attributes
//   28  found, but under another chapter (type of valid_min: 2.5.1) or at the variable that holds the dangling
//       name, which the checker's message does not tell (grid_mapping, ancillary_variables, standard_name)
//   20  units_metadata of temperatures: asked for by us only where the file says CF-1.11 or later
//   16  standard_name or axis that the checker wants because of a coordinate's name or units: no rule of CF
//   11  discrete sampling geometries (featureType against dimensions): not checked by us
//   11  bounds of scalar coordinates (one dimension, which CF allows), and their long_name
//    6  `exactly one` grid_latitude or projection coordinate in a file: CF allows two grids, and where a variable
//       has none we say so at the variable
//   15  others: true latitude and longitude of grids that have a mapping, packing to ushort (allowed since CF
//       1.9), a standard name in cell_methods (allowed), several intervals (allowed)

/// Each case spoils a valid header in one place, and says which finding must come of it.
struct SpoiltHeader: Sendable, CustomTestStringConvertible {
  let name: String
  let level: Finding.Level
  let section: String
  let variable: String?
  let attribute: String?
  /// Part of what is expected or of the text.
  let mentions: String
  let spoil: @Sendable (inout HeaderFactory) -> Void
  var testDescription: String { name }

  init(
    _ name: String, _ level: Finding.Level, _ section: String, _ variable: String?, _ attribute: String?,
    _ mentions: String = "", _ spoil: @escaping @Sendable (inout HeaderFactory) -> Void
  ) {
    (self.name, self.level, self.section, self.variable) = (name, level, section, variable)
    (self.attribute, self.mentions, self.spoil) = (attribute, mentions, spoil)
  }

  static let all: [SpoiltHeader] = [
    // Chapter 2.
    .init("no Conventions", .error, "CF 2.6.1", nil, "Conventions") { $0.setGlobal("Conventions", nil) },
    .init("other Conventions", .error, "CF 2.6.1", nil, "Conventions") {
      $0.setGlobal("Conventions", "COARDS")
    },
    .init("future CF", .error, "CF 2.6.1", nil, "Conventions") { $0.setGlobal("Conventions", "CF-7.2") },
    .init("no title", .warning, "CF 2.6.2", nil, "title") { $0.setGlobal("title", nil) },
    .init("strange variable name", .warning, "CF 2.3", "2t", nil) {
      $0.add("2t", .float32, ["time"], ["long_name": "x", "units": "K"])
    },
    .init("strange attribute name", .warning, "CF 2.3", "tas", "my attribute") {
      $0.set("tas", "my attribute", "x")
    },
    .init("names that differ by case", .warning, "CF 2.3", "TAS", nil, "tas") {
      $0.add("TAS", .float32, ["time"], ["long_name": "x", "units": "K"])
    },
    .init("a compound", .error, "CF 2.2", "c", nil) {
      $0.add("c", .compound(name: "c", size: 8, fields: []), ["time"], ["long_name": "x"])
    },
    .init("a dimension twice", .error, "CF 2.4", "tas", nil, "twice") {
      $0.change("tas", dimensions: ["lat", "lat"])
    },
    .init("dimensions in another order", .warning, "CF 2.4", "tas", nil) {
      $0.change("tas", dimensions: ["lon", "lat", "time"])
    },
    .init("fill value of another type", .error, "CF 2.5.1", "tas", "_FillValue", "float") {
      $0.set("tas", "_FillValue", .float64([1e20]))
    },
    .init("fill value of a coordinate", .error, "CF 2.5.1", "lat", "_FillValue") {
      $0.set("lat", "_FillValue", .float64([1e20]))
    },
    .init("two values for missing", .warning, "CF 2.5.1", "tas", "missing_value") {
      $0.set("tas", "_FillValue", .float32([1]))
      $0.set("tas", "missing_value", .float32([2]))
    },
    .init("valid range upside down", .error, "CF 2.5.1", "tas", "valid_range") {
      $0.set("tas", "valid_range", .float32([400, 100]))
    },
    .init("valid range as text", .error, "CF 2.5.1", "tas", "valid_range") {
      $0.set("tas", "valid_range", "1 2")
    },
    .init("valid range of three", .error, "CF 2.5.1", "tas", "valid_range") {
      $0.set("tas", "valid_range", .float32([1, 2, 3]))
    },
    .init("valid range beside valid_min", .error, "CF 2.5.1", "tas", "valid_range") {
      $0.set("tas", "valid_range", .float32([1, 2]))
      $0.set("tas", "valid_min", .float32([1]))
    },
    .init("fill value in the range", .warning, "CF 2.5.1", "tas", "_FillValue") {
      $0.set("tas", "valid_range", .float32([100, 400]))
      $0.set("tas", "_FillValue", .float32([273]))
    },
    // Chapter 3.
    .init("no units", .error, "CF 3.1", "tas", "units", "K") { $0.set("tas", "units", nil) },
    .init("no such unit", .error, "CF 3.1", "tas", "units") { $0.set("tas", "units", "kelvinish") },
    .init("unit of something else", .error, "CF 3.1", "tas", "units", "K") {
      $0.set("tas", "units", "kg m-2")
    },
    .init("unit of the variance", .error, "CF 3.1", "tas", "units", "(K)^2") {
      $0.set("tas", "cell_methods", "time: variance")
    },
    .init("units as a number", .error, "CF 3.1", "tas", "units") { $0.set("tas", "units", .float32([1])) },
    .init("unknown standard name", .error, "CF 3.3", "tas", "standard_name", "air_temperature") {
      $0.set("tas", "standard_name", "air_temprature")
    },
    .init("an alias", .warning, "CF 3.3", "tas", "standard_name", "air_pressure_at_mean_sea_level") {
      $0.set("tas", "standard_name", "air_pressure_at_sea_level")
      $0.set("tas", "units", "Pa")
    },
    .init("unknown modifier", .error, "CF C", "tas", "standard_name") {
      $0.set("tas", "standard_name", "air_temperature guess")
    },
    .init("deprecated modifier", .warning, "CF C", "tas", "standard_name") {
      $0.set("tas", "standard_name", "air_temperature status_flag")
    },
    .init("no name at all", .warning, "CF 3.3", "tas", nil) {
      $0.set("tas", "standard_name", nil)
      $0.set("tas", "long_name", nil)
    },
    .init("dangling ancillary", .error, "CF 3.4", "tas", "ancillary_variables", "ghost") {
      $0.set("tas", "ancillary_variables", "ghost")
    },
    .init("flags without meanings", .error, "CF 3.5", "flag", "flag_meanings") {
      $0.add("flag", .int8, ["time"], ["long_name": "f"])
      $0.set("flag", "flag_values", .int8([0, 1]))
    },
    .init("more flags than meanings", .error, "CF 3.5", "flag", "flag_values", "2") {
      $0.add("flag", .int8, ["time"], ["long_name": "f", "flag_meanings": "no yes"])
      $0.set("flag", "flag_values", .int8([0, 1, 2]))
    },
    .init("flags of another type", .error, "CF 3.5", "flag", "flag_values", "byte") {
      $0.add("flag", .int8, ["time"], ["long_name": "f", "flag_meanings": "no yes"])
      $0.set("flag", "flag_values", .int32([0, 1]))
    },
    .init("a flag twice", .error, "CF 3.5", "flag", "flag_values", "twice") {
      $0.add("flag", .int8, ["time"], ["long_name": "f", "flag_meanings": "no yes"])
      $0.set("flag", "flag_values", .int8([1, 1]))
    },
    .init("meanings without flags", .error, "CF 3.5", "tas", "flag_meanings") {
      $0.set("tas", "flag_meanings", "a b")
    },
    // Chapter 4.
    .init("latitude in degrees", .error, "CF 4.1", "lat", "units", "degrees_north") {
      $0.set("lat", "units", "degrees")
    },
    .init("longitude in degreeE", .warning, "CF 4.2", "lon", "units", "degrees_east") {
      $0.set("lon", "units", "degreeE")
    },
    .init("axis of another kind", .error, "CF 4", "lat", "axis", "Y") { $0.set("lat", "axis", "X") },
    .init("axis in small letters", .error, "CF 4", "time", "axis", "T") { $0.set("time", "axis", "t") },
    .init("positive sideways", .error, "CF 4.3", "height", "positive") {
      $0.set("height", "positive", "left")
    },
    .init("no positive", .error, "CF 4.3", "lev", "positive") {
      $0.add("lev", .float64, ["lev"], ["long_name": "l", "units": "m", "axis": "Z"])
    },
    .init("no formula", .error, "CF 4.3.3", "lev", "formula_terms") {
      $0.add(
        "lev", .float64, ["lev"],
        ["standard_name": "atmosphere_sigma_coordinate", "units": "1", "positive": "down"])
    },
    .init("dangling term", .error, "CF 4.3.3", "lev", "formula_terms", "ghost") {
      $0.add(
        "lev", .float64, ["lev"],
        [
          "standard_name": "atmosphere_sigma_coordinate", "units": "1", "positive": "down",
          "formula_terms": "sigma: lev ps: ghost ptop: height",
        ])
    },
    .init("formula lacks a term", .error, "CF 4.3.3", "lev", "formula_terms", "ptop") {
      $0.add(
        "lev", .float64, ["lev"],
        [
          "standard_name": "atmosphere_sigma_coordinate", "units": "1", "positive": "down",
          "formula_terms": "sigma: lev ps: tas",
        ])
    },
    .init("time without since", .error, "CF 4.4", "time", "units", "since") {
      $0.set("time", "units", "days")
    },
    .init("time without units", .error, "CF 4.4", "time", "units") { $0.set("time", "units", nil) },
    .init("the 30th of February", .error, "CF 4.4", "time", "units") {
      $0.set("time", "units", "days since 2000-02-30")
    },
    .init("months of uneven length", .warning, "CF 4.4", "time", "units") {
      $0.set("time", "units", "months since 2000-01-01")
    },
    .init("no calendar", .warning, "CF 4.4.1", "time", "calendar") { $0.set("time", "calendar", nil) },
    .init("a lunar calendar", .error, "CF 4.4.1", "time", "calendar", "360_day") {
      $0.set("time", "calendar", "lunar")
    },
    .init("year 0", .warning, "CF 4.4.1", "time", "units") {
      $0.set("time", "units", "days since 0000-01-01")
    },
    // Chapter 5.
    .init("dangling coordinate", .error, "CF 5", "tas", "coordinates", "ghost") {
      $0.set("tas", "coordinates", "ghost")
    },
    .init("coordinate of another place", .error, "CF 5", "tas", "coordinates", "rlat") {
      $0.add("other", .float64, ["rlat", "rlon"], ["long_name": "x", "units": "1"])
      $0.set("tas", "coordinates", "other")
    },
    .init("dangling grid mapping", .error, "CF 5.6", "tas", "grid_mapping", "ghost") {
      $0.set("tas", "grid_mapping", "ghost")
    },
    .init("grid mapping without a name", .error, "CF 5.6", "crs", "grid_mapping_name") {
      $0.add("crs", .int32, [], ["comment": "c"])
      $0.set("tas", "grid_mapping", "crs")
    },
    .init("unknown grid mapping", .error, "CF F", "crs", "grid_mapping_name") {
      $0.add("crs", .int32, [], ["grid_mapping_name": "flat_earth"])
      $0.set("tas", "grid_mapping", "crs")
    },
    .init("grid mapping lacks a parameter", .error, "CF F", "crs", "grid_north_pole_longitude") {
      $0.add("crs", .int32, [], ["grid_mapping_name": "rotated_latitude_longitude"])
      $0.set("crs", "grid_north_pole_latitude", .float64([39.25]))
    },
    .init("parameter as a text", .error, "CF 5.6", "crs", "earth_radius") {
      $0.add("crs", .int32, [], ["grid_mapping_name": "latitude_longitude", "earth_radius": "6371000"])
    },
    .init("projected coordinates missing", .error, "CF 5.6", "tas", "grid_mapping", "projection_x_coordinate")
    {
      $0.add("crs", .int32, [], ["grid_mapping_name": "sinusoidal"])
      $0.set("crs", "longitude_of_projection_origin", .float64([0]))
      $0.set("tas", "grid_mapping", "crs")
    },
    .init("a rotated grid without its place", .error, "CF 5.6", "pr", "coordinates") {
      $0.add("rlat", .float64, ["rlat"], ["standard_name": "grid_latitude", "units": "degrees"])
      $0.add("rlon", .float64, ["rlon"], ["standard_name": "grid_longitude", "units": "degrees"])
      $0.add(
        "pr", .float32, ["rlat", "rlon"], ["standard_name": "precipitation_flux", "units": "kg m-2 s-1"])
    },
    // Chapter 7.
    .init("dangling bounds", .error, "CF 7.1", "time", "bounds", "ghost") {
      $0.set("time", "bounds", "ghost")
    },
    .init("bounds of one dimension", .error, "CF 7.1", "time", "bounds") {
      $0.change("time_bnds", dimensions: ["time"])
    },
    .init("bounds of another axis", .error, "CF 7.1", "time", "bounds") {
      $0.change("time_bnds", dimensions: ["lat", "bnds"])
    },
    .init("bounds with four vertices", .error, "CF 7.1", "time", "bounds", "2") {
      $0.change("time_bnds", dimensions: ["time", "corner"])
    },
    .init("bounds in other units", .error, "CF 7.1", "time_bnds", "units") {
      $0.set("time_bnds", "units", "hours since 2000-01-01")
    },
    .init("bounds that repeat the units", .warning, "CF 7.1", "time_bnds", "units") {
      $0.set("time_bnds", "units", "days since 2000-01-01")
    },
    .init("a climatology of latitude", .error, "CF 7.4", "lat", "climatology") {
      $0.add("lat_bnds", .float64, ["lat", "bnds"], [:])
      $0.set("lat", "climatology", "lat_bnds")
    },
    .init("dangling cell measure", .error, "CF 7.2", "tas", "cell_measures", "areacella") {
      $0.set("tas", "cell_measures", "area: areacella")
    },
    .init("area in metres", .error, "CF 7.2", "areacella", "units", "m2") {
      $0.add("areacella", .float32, ["lat", "lon"], ["standard_name": "cell_area", "units": "m"])
      $0.set("tas", "cell_measures", "area: areacella")
    },
    .init("cell methods without a colon", .error, "CF 7.3", "tas", "cell_methods") {
      $0.set("tas", "cell_methods", "mean")
    },
    .init("cell methods unclosed", .error, "CF 7.3", "tas", "cell_methods") {
      $0.set("tas", "cell_methods", "time: mean (interval: 1 day")
    },
    .init("method of nothing", .error, "CF 7.3", "tas", "cell_methods", "ghost") {
      $0.set("tas", "cell_methods", "ghost: mean")
    },
    .init("unknown method", .error, "CF E", "tas", "cell_methods", "average") {
      $0.set("tas", "cell_methods", "time: average")
    },
    .init("interval without a number", .error, "CF 7.3.2", "tas", "cell_methods", "daily") {
      $0.set("tas", "cell_methods", "time: mean (interval: daily)")
    },
    .init("unknown area", .warning, "CF 7.3.3", "tas", "cell_methods", "atlantis") {
      $0.set("tas", "cell_methods", "area: mean where atlantis")
    },
    .init("climatological method without climatology", .error, "CF 7.4", "tas", "cell_methods") {
      $0.set("tas", "cell_methods", "time: mean within years time: mean over years")
    },
    // Chapters 8 and 9.
    .init("scale of another type", .error, "CF 8.1", "tas", "add_offset") {
      $0.change("tas", type: .int16)
      $0.set("tas", "scale_factor", .float32([1]))
      $0.set("tas", "add_offset", .float64([1]))
    },
    .init("scale as integer", .error, "CF 8.1", "tas", "scale_factor") {
      $0.change("tas", type: .int16)
      $0.set("tas", "scale_factor", .int32([1]))
    },
    .init("scale of zero", .error, "CF 8.1", "tas", "scale_factor") {
      $0.change("tas", type: .int16)
      $0.set("tas", "scale_factor", .float32([0]))
    },
    .init("packed to a float", .error, "CF 8.1", "tas", nil, "integers") {
      $0.set("tas", "scale_factor", .float64([1]))
    },
    .init("gathered from nowhere", .error, "CF 8.2", "lev", "compress", "ghost") {
      $0.add("lev", .int32, ["lev"], ["compress": "ghost lon"])
    },
    .init("unknown feature", .error, "CF 9.4", nil, "featureType") { $0.setGlobal("featureType", "GRID") },
    // ACDD.
    .init("no summary", .warning, "ACDD 1.3", nil, "summary") { $0.setGlobal("summary", nil) },
    .init("no date", .warning, "ACDD 1.3", nil, "time_coverage_start") {
      $0.setGlobal("time_coverage_start", "yesterday")
    },
  ]
}

@Suite struct ValidatorTests {
  @Test func theUnspoiltHeaderIsValid() {
    let report = HeaderFactory().report
    #expect(report.errors.isEmpty, "\(report.text())")
    // What ACDD recommends besides, in one line.
    #expect(report.warnings.map(\.section) == ["ACDD 1.3"], "\(report.text())")
  }

  @Test(arguments: SpoiltHeader.all) func aSpoiltHeaderIsFound(_ spoilt: SpoiltHeader) {
    var factory = HeaderFactory()
    spoilt.spoil(&factory)
    let report = factory.report
    let matches = report.findings.filter {
      $0.level == spoilt.level && $0.section == spoilt.section && $0.variable == spoilt.variable
        && $0.attribute == spoilt.attribute
        && (spoilt.mentions.isEmpty
          || [$0.text, $0.expected ?? "", $0.found ?? ""].contains { $0.contains(spoilt.mentions) })
    }
    #expect(!matches.isEmpty, "\(report.text())")
  }

  /// What is unusual and allowed.
  @Test func noFalseAlarms() {
    var factory = HeaderFactory()
    factory.add("crs", .int32, [], ["grid_mapping_name": "rotated_latitude_longitude"])
    factory.set("crs", "grid_north_pole_latitude", .float64([39.25]))
    factory.set("crs", "grid_north_pole_longitude", .float64([-162]))
    factory.add(
      "rlat", .float64, ["rlat"], ["standard_name": "grid_latitude", "units": "degrees", "axis": "Y"])
    factory.add(
      "rlon", .float64, ["rlon"], ["standard_name": "grid_longitude", "units": "degrees", "axis": "X"])
    factory.add("lat2", .float64, ["rlat", "rlon"], ["standard_name": "latitude", "units": "degrees_north"])
    factory.add("lon2", .float64, ["rlat", "rlon"], ["standard_name": "longitude", "units": "degrees_east"])
    factory.add(
      "pr", .int16, ["time", "rlat", "rlon"],
      [
        "standard_name": "precipitation_flux", "units": "mm day-1", "coordinates": "lat2 lon2",
        "grid_mapping": "crs",
        "cell_methods":
          "time: mean (interval: 1 hour comment: sampled: often) area: mean where land over all_area_types",
      ])
    // Units of mass per area and of depth are not the same.
    factory.set("pr", "units", "g m-2 s-1")
    factory.set("pr", "scale_factor", .float64([0.1]))
    factory.set("pr", "add_offset", .float64([0]))
    factory.set("pr", "_FillValue", .int16([-32768]))
    factory.set("pr", "flag_values", nil)
    factory.setGlobal("external_variables", "areacella")
    factory.set("tas", "cell_measures", "area: areacella")
    factory.set("tas", "standard_name", "air_temperature standard_error")
    let report = factory.report
    #expect(report.errors.isEmpty, "\(report.text())")
  }

  @Test func aHostileHeaderGivesABoundedAndPrintableReport() {
    var factory = HeaderFactory()
    for index in 0..<8000 {
      factory.variables.append(
        Variable(
          name: "v\u{1B}[2J\(index)", path: "/v\u{1B}[2J\(index)", type: .float32, byteOrder: .little,
          dimensions: [],
          attributes: [Attribute("standard_name", "x\u{202E}y\n")], storage: .contiguous))
    }
    let report = factory.report
    #expect(report.findings.count == 5000)
    #expect(!report.text().unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E })
    #expect(!report.json.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E })
  }
}
