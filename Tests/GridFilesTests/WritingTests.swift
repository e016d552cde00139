import Basics
import CNetCDF
import Foundation
import TestSupport
import Testing

@testable import GridFiles

@Suite struct WritingTests {
  @Test func theLibraryReadsWhatWasWritten() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("new/sub/out.nc")
    try await SampleFile.write(path)
    let read = try await readFloats(path, "field")
    #expect(read == SampleFile.values)
    #expect(try await readFloats(path, "lat") == (0..<7).map { Float(40 + Double($0) / 3) })
    #expect(try await readFloats(path, "letters") == (0..<7).map { Float(-$0) })
    #expect(try await readFloats(path, "crs") == [7])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("new/sub")) == ["out.nc"])
  }

  @Test(arguments: [nil, 1, 4, 9], [true, false])
  func everyFilterReadsBack(deflate: Int?, shuffle: Bool) async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("out.nc")
    let definition = SampleFile.definition(deflate: deflate, shuffle: shuffle)
    try await SampleFile.write(path, definition)
    #expect(try await readFloats(path, "field") == SampleFile.values)
    // The same through netCDF's own compression.
    let peer = folder.path("peer.nc")
    try await writeByLibrary(peer, definition)
    #expect(try await readFloats(peer, "field") == SampleFile.values)
  }

  @Test func sameInputSameBytes() async throws {
    let folder = try TemporaryFolder()
    try await SampleFile.write(folder.path("a.nc"))
    try await Task.sleep(for: .milliseconds(1100))
    try await SampleFile.write(folder.path("b.nc"))
    let (a, b) = (
      FileManager.default.contents(atPath: folder.path("a.nc")),
      FileManager.default.contents(atPath: folder.path("b.nc"))
    )
    #expect(a != nil && a == b)
  }

  @IOLane private func readFloats(_ path: String, _ name: String) throws -> [Float] {
    var (file, variable, rank): (CInt, CInt, CInt) = (-1, -1, 0)
    try check(nc_open(path, NC_NOWRITE, &file))
    defer { nc_close(file) }
    try check(nc_inq_varid(file, name, &variable))
    try check(nc_inq_varndims(file, variable, &rank))
    var dimensions = [CInt](repeating: 0, count: Int(rank))
    try check(nc_inq_vardimid(file, variable, &dimensions))
    var count = 1
    for dimension in dimensions {
      var length = 0
      try check(nc_inq_dimlen(file, dimension, &length))
      count *= length
    }
    var values = [Float](repeating: 0, count: count)
    try check(nc_get_var_float(file, variable, &values))
    return values
  }

  /// Writes the field with `nc_put_var` and the library's filters.
  @IOLane private func writeByLibrary(_ path: String, _ definition: FileDefinition) throws {
    let temporary = try TemporaryFile.create(path, inputs: [])
    try NetCDFDefinition.write(FileLayout(definition, path: path), to: temporary)
    var (file, variable): (CInt, CInt) = (-1, -1)
    try check(nc_open(temporary.libraryPath, NC_WRITE, &file))
    try check(nc_inq_varid(file, "field", &variable))
    let extents = [SampleFile.times, SampleFile.rows, SampleFile.columns]
    try check(nc_put_vara_float(file, variable, [0, 0, 0], extents, SampleFile.values))
    try check(nc_close(file))
    try temporary.publish()
  }

  private func check(_ status: CInt) throws {
    if status != NC_NOERR { throw LibraryFailure(text: String(cString: nc_strerror(status))) }
  }
  struct LibraryFailure: Error { let text: String }
}
