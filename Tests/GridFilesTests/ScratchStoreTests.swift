import Basics
import Foundation
import TestSupport
import Testing

@testable import GridFiles

@Suite struct ScratchStoreTests {
  @Test func rangesComeBack() throws {
    let folder = try TemporaryFolder()
    let store = try ScratchStore(folder: folder.url.path, count: 1000)
    #expect(folder.contents() == [])
    let values = (0..<1000).map { Float($0) / 7 }
    let validity = (0..<1000).map { UInt8($0 % 2) }
    for start in [700, 0, 300] {
      let end = start == 700 ? 1000 : start == 0 ? 300 : 700
      try store.write(
        start..<end, values: Array(values[start..<end]), validity: Array(validity[start..<end]))
    }
    var (readValues, readValidity) = ([Float](repeating: 0, count: 500), [UInt8](repeating: 9, count: 500))
    try store.read(250..<750, values: &readValues, validity: &readValidity)
    #expect(readValues == Array(values[250..<750]))
    #expect(readValidity == Array(validity[250..<750]))
    #expect(throws: FileError.self) {
      try store.read(999..<1001, values: &readValues, validity: &readValidity)
    }
    #expect(throws: FileError.self) { try ScratchStore(folder: folder.url.path, count: .max) }
    #expect(throws: FileError.self) { try ScratchStore(folder: folder.path("nowhere"), count: 1) }
    _ = try ScratchStore(folder: folder.url.path, count: 0)
  }
}
