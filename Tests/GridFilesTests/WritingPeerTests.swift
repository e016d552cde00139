import Foundation
import TestSupport
import Testing

@testable import GridFiles

/// What the tools of the field make of a file that was written here.
@Suite struct WritingPeerTests {
  @Test(.enabled(if: Peers.hasTool("ncdump"), "ncdump is not installed: skipped"))
  func ncdumpShowsWhatWasAskedFor() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("out.nc")
    try await SampleFile.write(path)
    let result = try Command.run(["ncdump", "-hs", path])
    #expect(result.exit == 0 && result.stderr.isEmpty)
    for line in [
      "time = UNLIMITED ; // (5 currently)", "float field(time, lat, lon) ;", "field:_FillValue = 1.e+20f ;",
      #"field:_Storage = "chunked" ;"#, "field:_ChunkSizes = 1, 4, 11 ;", #"field:_Shuffle = "true" ;"#,
      "field:_DeflateLevel = 4 ;", "time:_ChunkSizes = 512 ;", "time_bnds:_ChunkSizes = 512, 2 ;",
      #"lat:_Storage = "contiguous" ;"#, "short letters(lat) ;", "char label(lat, letters) ;",
      "classes:_DeflateLevel = 1 ;", "classes:flag_values = 0b, 1b ;", ":numbers = 1, 2, 3 ;",
      #":_Format = "netCDF-4 classic model" ;"#,
    ] { #expect(result.stdout.contains(line), "\(line)\n\(result.stdout)") }
    // The fill value is the variable's first attribute, and no text is of type `string`.
    #expect(result.stdout.contains("(time, lat, lon) ;\n\t\tfield:_FillValue"))
    #expect(!result.stdout.contains("string "))
  }

  @Test(.enabled(if: Peers.hasTool("cdo"), "cdo is not installed: skipped"))
  func cdoIsContent() async throws {
    let folder = try TemporaryFolder()
    // CDO warns of text that is not the label of a level or a region.
    var definition = SampleFile.definition()
    definition.variables.removeAll { $0.name == "label" }
    try await SampleFile.write(folder.path("out.nc"), definition)
    let result = try Command.run(["cdo", "-s", "sinfo", folder.path("out.nc")])
    #expect(result.exit == 0 && result.stderr.isEmpty, "\(result.stderr)")
    #expect(result.stdout.contains("5 steps"))
  }

  @Test(.enabled(if: Peers.python != nil, Peers.reason), arguments: [nil, 4], [true, false])
  func theNewestLibrariesReadIt(deflate: Int?, growing: Bool) async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("out.nc")
    try await SampleFile.write(path, SampleFile.definition(deflate: deflate, growing: growing))
    let text = try Peers.run(
      """
      import sys, numpy as np, netCDF4, h5py
      path = sys.argv[1]
      raw = netCDF4.Dataset(path)
      raw.set_auto_maskandscale(False)
      assert raw.data_model == "NETCDF4_CLASSIC", raw.data_model
      field = raw["field"][:]
      with h5py.File(path) as file:
        assert np.array_equal(file["field"][:], field)
        assert file["_nc4_non_coord_letters"].shape == (7,)
        creation = [h5py.h5g.get_objinfo(file[name].id).mtime for name in file]
        assert set(creation) == {0}, creation
      assert raw.dimensions["time"].size == 5
      assert raw.dimensions["time"].isunlimited() == (sys.argv[2] == "true")
      assert raw["time_bnds"][4, 1] == 150.5
      assert raw.title == "Fläche" and list(raw.numbers) == [1, 2, 3]
      masked = netCDF4.Dataset(path)["field"][:]
      assert masked.mask.sum() == (field > 1e19).sum() > 0
      assert [row.tobytes().rstrip(b"\\0").decode() for row in raw["label"][:]] == [f"row {j}" for j in range(7)]
      assert raw["classes"][:].ravel().tolist() == [i % 3 - 1 for i in range(77)]
      print(" ".join(float(x).hex() for x in field.ravel()))
      """, [path, "\(growing)"])
    let read = text.split(whereSeparator: \.isWhitespace).map { Float(strtod(String($0), nil)) }
    #expect(read == SampleFile.values)
  }

  /// A file that was written here can be appended to and rewritten by others.
  @Test(.enabled(if: Peers.python != nil, Peers.reason)) func othersAppend() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("out.nc")
    try await SampleFile.write(path)
    let text = try Peers.run(
      """
      import sys, netCDF4
      file = netCDF4.Dataset(sys.argv[1], "a")
      before = file["field"][4].copy()
      file["time"][5] = 165.5
      file["field"][5] = 7.0
      file.close()
      file = netCDF4.Dataset(sys.argv[1])
      print(file["field"].shape, (file["field"][4] == before).all(), file["field"][5].min())
      """, [path])
    #expect(text.contains("(6, 7, 11) True 7.0"), "\(text)")
  }
}
