import GridFiles
import Grids
import TestSupport
import Testing

/// What files say about their own grid, and what becomes of it.
@Suite(.enabled(if: SharedData.isThere, SharedData.reason)) struct RegridPeerFilesTests {
  private func dataset(_ name: String) async throws -> Dataset {
    try await Dataset.open(try await SourceFile.open(try SharedData.path(name)))
  }

  @Test("a file whose mapping speaks of another pole: the 2-D coordinates are taken, and it is said")
  func wrongPole() async throws {
    let dataset = try await dataset("odd/rotated_pole_precip.nc")
    #expect(dataset.notes.contains { $0.text.contains("not where the grid mapping puts") })
    let grid = try #require(dataset.fields.first).description.grid
    // HIRHAM's pole is at 39.25 N, 162 W: the corner of the grid lies in the Atlantic off Morocco.
    #expect(abs(grid.latitudes[0] - 26.586) < 1e-3 && abs(grid.longitudes[0] + 5.242) < 1e-3)
    let corners = try grid.corners()
    #expect(abs(corners.latitudes[0] - 26.5) < 0.2 && abs(corners.longitudes[0] + 5.3) < 0.3)
  }

  @Test("a rotated grid without 2-D coordinates gets them from its mapping")
  func computed() async throws {
    let grid = try #require(try await dataset("odd/rotated_pole.nc").fields.first).description.grid
    #expect(grid.kind == .rotatedPole && grid.latitudes.count == grid.count)
    // The middle of its own coordinates lies opposite the pole (37.5 N, 177.5 E): 52.5 N, 2.5 W.
    let j = try #require(grid.y.values.indices.min { abs(grid.y.values[$0]) < abs(grid.y.values[$1]) })
    let i = try #require(
      grid.x.values.indices.min { abs(grid.x.values[$0] - 360) < abs(grid.x.values[$1] - 360) })
    #expect(abs(grid.center(j, i).latitude - 52.5) < 1.2 && abs(grid.center(j, i).longitude + 2.5) < 2)
  }

  @Test("columns that a tripolar grid repeats are counted once")
  func repeatedColumns() async throws {
    let grid = try #require(try await dataset("odd/curvilinear_tos_bipolar.nc").fields.first).description.grid
    #expect(grid.topology.isPeriodic && grid.topology.columns == 254)
    let orca = try #require(try await dataset("odd/orca2_votemper.nc").fields.first).description.grid
    #expect(orca.topology.isPeriodic)
  }
}
