import GridFiles
import Testing

@testable import Grids

@Suite struct PackingTests {
  private func decode(
    _ type: ElementType, _ attributes: [Attribute], usesDefaultFill: Bool = true
  ) throws -> GridFiles.Decoding {
    try Packing(type, attributes, usesDefaultFill: usesDefaultFill).decoding
  }

  @Test func missingValuesAreThoseOfTheVariablesType() throws {
    let float = try decode(.float32, [Attribute("missing_value", .float64([1e20]))], usesDefaultFill: false)
    #expect(float.missing == [Double(Float(1e20))])
    let list = try decode(
      .int16, [Attribute("_FillValue", .int16([-1])), Attribute("missing_value", .int16([-2, -1]))])
    #expect(list.missing == [-1, -2])
    // What the type cannot hold is passed over, and said.
    let wide = try Packing(.int16, [Attribute("missing_value", .float64([1e20]))], usesDefaultFill: false)
    #expect(wide.decoding.missing.isEmpty && wide.remarks.count == 1)
  }

  @Test func defaultFillValuesCountExceptForBytes() throws {
    #expect(try decode(.float32, []).missing == [Double(Float(9.969209968386869e36))])
    #expect(try decode(.int16, []).missing == [-32767])
    #expect(try decode(.int32, []).missing == [-2_147_483_647])
    #expect(try decode(.int8, []).missing.isEmpty && decode(.uint8, []).missing.isEmpty)
    #expect(try decode(.int16, [], usesDefaultFill: false).missing.isEmpty)
    #expect(try decode(.int16, [Attribute("_FillValue", .int16([7]))]).missing == [7])
  }

  @Test func unsignedRangesAndFillsAreUnsigned() throws {
    let goes = try decode(
      .int16,
      [
        Attribute("_Unsigned", "true"), Attribute("_FillValue", .int16([-1])),
        Attribute("valid_range", .int16([0, -6])), Attribute("scale_factor", .float32([0.5])),
      ])
    #expect(goes.isUnsigned && goes.missing == [65535] && goes.validMaximum == 65530)
    #expect(goes.value(-7, bits: 16) == 65529 * 0.5 && goes.value(-1, bits: 16).isNaN)
    #expect(goes.value(-2, bits: 16).isNaN)
    #expect(throws: GridError.self) { try decode(.uint8, [Attribute("_Unsigned", "false")]) }
  }

  @Test func rangesAreTestedOnThePackedValue() throws {
    let packed = try decode(
      .int16,
      [
        Attribute("valid_min", .int16([0])), Attribute("valid_max", .int16([100])),
        Attribute("scale_factor", .float64([0.1])), Attribute("add_offset", .float64([200])),
      ])
    #expect(packed.value(100) == 210 && packed.value(101).isNaN && packed.value(-1).isNaN)
  }

  @Test(arguments: [
    Attribute("scale_factor", .float64([0])), Attribute("scale_factor", .float64([.nan])),
    Attribute("scale_factor", .float64([.infinity])), Attribute("scale_factor", "0.01"),
    Attribute("add_offset", .float64([.nan])), Attribute("scale_factor", .float64([1, 2])),
  ])
  func unusableScalesAreErrors(_ attribute: Attribute) {
    #expect(throws: GridError.self) { try decode(.int16, [attribute]) }
  }

  @Test func labelsOfCellMethodsAreThoseOfTheFile() {
    let names = ["time": "TIME", "lat": "y", "latitude": "y"]
    #expect(CellMethods("time: mean", names: names).text == "TIME: mean")
    #expect(CellMethods("latitude: time: mean area: sum", names: names).text == "y: TIME: mean area: sum")
    #expect(
      CellMethods("time: mean (interval: 6 hour)", names: names).text == "TIME: mean (interval: 6 hour)")
    let lost = CellMethods("month: year: mean time: maximum within days", names: names)
    #expect(lost.text == "TIME: maximum within days" && !lost.isWhole)
    #expect(CellMethods("time: percentile", names: names).text == nil)
    #expect(CellMethods("", names: names).text == nil)
    #expect(CellMethods("((((", names: names).text == nil)
  }

  @Test func standardNamesAndUnitsFitEachOther() {
    func names(_ name: String?, _ units: String?) -> [String] {
      OutputAttributes.quantity(standardName: name, units: units).map { "\($0.name)=\($0.value)" }
    }
    #expect(names("air_temperature", "degC").count == 2)
    #expect(
      OutputAttributes.quantity(standardName: "air_temperature", units: "m")["original_standard_name"] != nil)
    #expect(
      OutputAttributes.quantity(standardName: "tmmx", units: "K")["original_standard_name"]?.text == "tmmx")
    #expect(
      OutputAttributes.quantity(standardName: nil, units: "furlongss")["original_units"]?.text == "furlongss")
    #expect(OutputAttributes.quantity(standardName: nil, units: "level")["units"]?.text == "1")
    #expect(
      OutputAttributes.quantity(standardName: "time", units: "days since 2000-01-01")["standard_name"] != nil)
  }

  @Test func outputNamesAreThoseThatCFAllows() {
    #expect(OutputNames.clean("Model scenario") == "Model_scenario")
    #expect(OutputNames.clean("2t") == "v_2t")
    #expect(OutputNames.clean("__x__") == "v__x__")
    #expect(OutputNames.clean("") == "variable")
    var names = OutputNames()
    #expect(names.free("t") == "t" && names.free("T") == "T_2")
  }

  @Test func cornersOfAnyOrderAreFound() {
    // Cells of one degree on a small grid; corners as the grid type wants them.
    let (ny, nx) = (4, 5)
    var latitudes: [Double] = []
    var longitudes: [Double] = []
    for j in 0..<ny {
      for i in 0..<nx {
        latitudes += [-0.5, -0.5, 0.5, 0.5].map { Double(j) + $0 }
        longitudes += [-0.5, 0.5, 0.5, -0.5].map { Double(i) + $0 }
      }
    }
    for order in [[0, 1, 2, 3], [2, 3, 0, 1], [3, 2, 1, 0], [1, 0, 3, 2], [1, 2, 3, 0]] {
      func shuffle(_ values: [Double]) -> [Double] {
        var result: [Double] = []
        for cell in stride(from: 0, to: values.count, by: 4) {
          for place in order { result.append(values[cell + place]) }
        }
        return result
      }
      let found = CornerOrder(ny: ny, nx: nx, latitudes: shuffle(latitudes), longitudes: shuffle(longitudes))
      #expect(found.apply(shuffle(latitudes)) == latitudes && found.apply(shuffle(longitudes)) == longitudes)
    }
  }

  @Test func gaussianLatitudesAreKnown() {
    let nodes = GaussianLatitudes.nodes(96)
    // ECHAM's T63: 88.5721685140073 first, 0.932564... last of the north.
    #expect(abs(nodes[0] - 88.5721685140073) < 1e-10 && abs(nodes[47] - 0.9326) < 1e-3)
    #expect(GaussianLatitudes.match(nodes) && GaussianLatitudes.match(nodes.reversed()))
    #expect(GaussianLatitudes.match(nodes.map { Double(Float($0)) }))
    let even: [Double] = (0..<96).map { (index: Int) -> Double in -90 + (Double(index) + 0.5) * 1.875 }
    #expect(!GaussianLatitudes.match(even))
    let poles: [Double] = (0..<73).map { (index: Int) -> Double in -90 + Double(index) * 2.5 }
    #expect(!GaussianLatitudes.match(poles))
  }
}
