import Grids
import Testing

@Suite struct StandardNamesTests {
  @Test func namesHaveTheirUnits() {
    #expect(StandardNames.canonicalUnits("air_temperature") == "K")
    #expect(StandardNames.canonicalUnits("wind_speed") == "m s-1")
    #expect(StandardNames.canonicalUnits("acoustic_area_backscattering_strength_in_sea_water") == "1")
    #expect(StandardNames.canonicalUnits("zenith_angle") == "degree")
    #expect(StandardNames.canonicalUnits("Air_Temperature") == nil)
    #expect(StandardNames.tableVersion == 93)
  }

  @Test func aliasesAreNotNames() {
    #expect(!StandardNames.contains("air_pressure_at_sea_level"))
    #expect(StandardNames.names(ofAlias: "air_pressure_at_sea_level") == ["air_pressure_at_mean_sea_level"])
    // One old name that became two.
    #expect(StandardNames.names(ofAlias: "surface_carbon_dioxide_mole_flux").count == 2)
    #expect(StandardNames.names(ofAlias: "air_temperature").isEmpty)
  }

  @Test func modifiers() throws {
    let error = try #require(StandardNames.read("air_temperature standard_error"))
    #expect(error.name == "air_temperature" && error.isModifierKnown && error.canonicalUnits == "K")
    let count = try #require(StandardNames.read("air_temperature number_of_observations"))
    #expect(count.canonicalUnits == "1")
    #expect(try #require(StandardNames.read("air_temperature status_flag")).canonicalUnits == nil)
    #expect(try #require(StandardNames.read("air_temperature surprise")).isModifierKnown == false)
    #expect(StandardNames.read("air temperature at noon") == nil)
    #expect(StandardNames.read("") == nil)
  }

  @Test func nearNames() {
    #expect(StandardNames.suggestions(for: "air_temprature").first == "air_temperature")
    #expect(StandardNames.suggestions(for: "Air Temperature") == ["air_temperature"])
    #expect(StandardNames.suggestions(for: "temperature_air").first == "air_temperature")
    #expect(StandardNames.suggestions(for: "qqqqqqqqqqqqqqqqqqqq").isEmpty)
    #expect(StandardNames.suggestions(for: "air_pressure_at_sea_level") == ["air_pressure_at_mean_sea_level"])
  }
}
