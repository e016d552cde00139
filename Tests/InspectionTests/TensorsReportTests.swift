import Basics
import Foundation
import Inspection
import TestSupport
import Testing

@Suite struct TensorsReportTests {
  static let golden = PackageRoot.url("Tests/NetworksTests/peers/golden.safetensors").path

  @Test func textAndNumbers() throws {
    let report = try TensorsReport.read(Self.golden, readsData: true)
    #expect(report.text.contains("8 tensors of 26 numbers"))
    #expect(report.text.contains("scalar  F32   one number  from 7 to 7, mean 7"))
    #expect(report.text.contains("weight: 2 of 6 numbers are not finite"))
    let json = try JSONValue.parse(report.json)
    #expect(json["schema"]?.string == "isotach.tensors/1")
    #expect(json["tensors"]?.array?.count == 8 && json["errors"]?.array?.count == 3)
    #expect(json["metadata"]?["ä"]?.string == "text \"quoted\"")
  }

  @Test func oneTensor() throws {
    #expect(try TensorsReport.read(Self.golden, tensor: "bytes").text.contains("U8"))
    #expect(throws: (any Error).self) { try TensorsReport.read(Self.golden, tensor: "ghost") }
  }

  /// What is wrong with a table of tensors is told, and hostile names are shown harmlessly.
  @Test func damaged() throws {
    let folder = try TemporaryFolder()
    let header = Array("{\"a\u{202E}\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}".utf8)
    let url = folder.url("x")
    try Data([UInt8(header.count)] + [UInt8](repeating: 0, count: 7) + header + [0, 0, 0, 0, 0, 0, 0, 0])
      .write(to: url)
    let text = try TensorsReport.read(url.path).text
    #expect(text.contains("Wrong\n  a\\u{202E}: its data_offsets"))
    #expect(!text.contains("\u{202E}"))
  }
}
