import Basics
import Foundation
import TestSupport
import Testing

@testable import GridFiles

/// Files that `peers/make_odd.py` makes: unwritten parts, filters, links, tables.
@Suite(.enabled(if: Peers.python != nil, Peers.reason)) struct ReadingOddTests {
  /// Made once for all tests.
  private static let folder: TemporaryFolder? = {
    guard let python = Peers.python, let folder = try? TemporaryFolder() else { return nil }
    let script = PackageRoot.url("Tests/GridFilesTests/peers/make_odd.py").path
    guard let result = try? Command.run([python, script, folder.url.path]), result.exit == 0 else {
      return nil
    }
    return folder
  }()

  private func path(_ name: String) throws -> String {
    try #require(Self.folder, "make_odd.py failed").path(name)
  }

  private func open(_ name: String, _ route: ReadPolicy.Route = .fast) async throws -> SourceFile {
    var policy = ReadPolicy()
    policy.route = route
    return try await SourceFile.open(path(name), policy: policy)
  }

  @Test(arguments: ["unwritten.nc", "filters.h5", "latest.h5"], [ReadPolicy.Route.fast, .library])
  func equalsPeers(_ name: String, _ route: ReadPolicy.Route) async throws {
    let path = try path(name)
    let peer = try #require(PeerComparison.dump([path])[path])
    #expect(peer["error"] == nil)
    try await PeerComparison().compare(path, route, peer)
  }

  @Test(arguments: [ReadPolicy.Route.fast, .library])
  func externalStorageNeedsAFolder(_ route: ReadPolicy.Route) async throws {
    let path = try path("raw.h5")
    let refused = try await open("raw.h5", route)
    #expect(refused.header.variable("external") == nil)
    let reasons = refused.header.root.unread.map(\.reason)
    #expect(reasons.contains { $0.contains("raw.bin") && $0.contains("external") }, "\(reasons)")
    var policy = ReadPolicy()
    policy.route = route
    policy.externalFolders = [FilePaths.folder(path)]
    let file = try await SourceFile.open(path, policy: policy)
    let variable = try #require(file.header.variable("external"))
    #expect(try await file.readDoubles(variable) == (2..<12).map(Double.init))
    // A folder that is allowed does not allow another one.
    policy.externalFolders = [FilePaths.folder(path)]
    let outside = try await SourceFile.open(self.path("outside.h5"), policy: policy)
    #expect(outside.header.variable("external") == nil)
  }

  @Test(arguments: [ReadPolicy.Route.fast, .library])
  func linksAreFollowedIntoAllowedFolders(_ route: ReadPolicy.Route) async throws {
    var policy = ReadPolicy()
    policy.route = route
    policy.externalFolders = [FilePaths.folder(try path("outside.h5"))]
    let file = try await SourceFile.open(path("outside.h5"), policy: policy)
    let target = try await open("filters.h5", route)
    let expected = try await target.readBytes(try #require(target.header.variable("all")))
    #expect(try await file.readBytes(try #require(file.header.variable("link"))) == expected)
    #expect(file.header.variable("virtual") == nil)
    #expect(file.header.variable("external") == nil)
    // Another folder that is allowed does not help.
    policy.externalFolders = ["/usr/share"]
    let closed = try await SourceFile.open(path("outside.h5"), policy: policy)
    #expect(closed.header.allVariables.map(\.path) == ["/good"])
  }

  @Test func nothingLeadsOutOfAFile() async throws {
    let file = try await open("outside.h5")
    #expect(file.header.allVariables.map(\.path) == ["/good"])
    let unread = Dictionary(
      uniqueKeysWithValues: file.header.root.everything(\.unread).map { ($0.path, $0.reason) })
    #expect(
      Set(unread.keys) == [
        "/external", "/link", "/dangling", "/g/again", "/virtual", "/reference", "/nothing",
      ])
    #expect(unread["/external"]?.contains("/etc/passwd") == true)
    #expect(unread["/virtual"]?.contains("virtual") == true)
    #expect(unread["/reference"] == "object reference")
    #expect(unread["/g/again"] == "the same group as /")
  }

  @Test func softLinksInsideAFileAreNames() async throws {
    let file = try await open("latest.h5")
    let alias = try #require(file.header.variable("/group/alias"))
    let linked = try #require(file.header.variable("/linked"))
    #expect(try await file.readBytes(alias) == file.readBytes(linked))
  }

  @Test func unknownFilterIsNamed() async throws {
    let file = try await open("lzf.h5")
    let variable = try #require(file.header.variable("x"))
    #expect(variable.filters.contains(.other(id: 32000, name: "LZF (h5py)")))
    let error = await #expect(throws: FileError.self) { try await file.readDoubles(variable) }
    #expect(error?.kind == .unsupported)
    #expect(error?.cause.contains("LZF (h5py)") == true)
  }

  @Test(arguments: ["plain", "contiguous", "vlen"]) func tables(_ name: String) async throws {
    let file = try await open("table.h5")
    let variable = try #require(file.header.variable(name))
    let table = try await file.readTable(variable)
    #expect(table.count == 25)
    #expect(table["id"]?.numbers == (0..<25).map(Double.init))
    #expect(table["wind"]?.numbers == (0..<25).map { Double($0) / 3 })
    #expect(table["name"]?.texts == (0..<25).map { "n\($0)" })
    #expect(table["q"]?.width == 3)
    let quality = (0..<25).flatMap { (i: Int) -> [Double] in [Double(i), Double(-i), Double(2 * i)] }
    #expect(table["q"]?.numbers == quality)
    #expect(table["at.lat"]?.numbers == (0..<25).map { Double($0) + 0.5 })
    if name == "vlen" { #expect(table["note"]?.texts == (0..<25).map { "nöte \($0)" }) }
    let part = try await file.readTable(variable, columns: ["id"], rows: 8..<12)
    #expect(part.columns.count == 1)
    #expect(part["id"]?.numbers == [8, 9, 10, 11])
    await #expect(throws: FileError.self) { try await file.readTable(variable, columns: ["wnd"]) }
    await #expect(throws: FileError.self) { try await file.readTable(variable, rows: 20..<26) }
  }

  /// Any part, with steps, into a target of any order and direction, by any number of workers, equals the
  /// same part of the whole.
  @Test(
    arguments: [
      ("unwritten.nc", "a"), ("unwritten.nc", "b"), ("unwritten.nc", "big"), ("unwritten.nc", "packed"),
      ("filters.h5", "all"), ("filters.h5", "scaleoffset"), ("filters.h5", "masked"), ("latest.h5", "linked"),
    ], [ReadPolicy.Route.fast, .library])
  func partsEqualTheWhole(_ which: (String, String), _ route: ReadPolicy.Route) async throws {
    let file = try await open(which.0, route)
    try await Parts.check(file, try #require(file.header.variable(which.1)))
  }
}

/// Random parts of a variable against the whole.
enum Parts {
  static func check(_ file: SourceFile, _ variable: Variable, trials: Int = 60) async throws {
    var random = SplitMix(state: 99)
    let extents = variable.extents
    let whole = try await Decoded.read(file, variable, Hyperslab(all: extents), workers: 1)
    let strides = LinearRead.strides(extents, 1)
    for trial in 0..<trials {
      var slab = Hyperslab(all: extents)
      for axis in extents.indices {
        slab.start[axis] = random.below(extents[axis])
        slab.stride[axis] = 1 + random.below(4)
        let most = (extents[axis] - slab.start[axis] - 1) / slab.stride[axis] + 1
        slab.count[axis] = 1 + random.below(most)
      }
      // The target has the dimensions in another order.
      var order = Array(extents.indices)
      for index in order.indices { order.swapAt(index, random.below(order.count)) }
      var target = [Int](repeating: 1, count: extents.count)
      var step = 1
      for axis in order.reversed() {
        target[axis] = step
        step *= slab.count[axis]
      }
      let part = try await Decoded.read(
        file, variable, slab, strides: target, workers: 1 + random.below(3))
      var expectedValues = [UInt32](repeating: 0, count: part.values.count)
      var expectedValidity = [UInt8](repeating: 9, count: part.values.count)
      let own = LinearRead.strides(slab.count, 1)
      for index in part.values.indices {
        var (rest, from, to) = (index, 0, 0)
        for axis in extents.indices {
          let i = rest / own[axis]
          rest %= own[axis]
          from += (slab.start[axis] + i * slab.stride[axis]) * strides[axis]
          to += i * target[axis]
        }
        expectedValues[to] = whole.values[from].bitPattern
        expectedValidity[to] = whole.validity[from]
      }
      #expect(part.values.map(\.bitPattern) == expectedValues, "trial \(trial) \(slab)")
      #expect(part.validity == expectedValidity, "trial \(trial) \(slab)")
    }
  }
}

/// Steele, Lea, Flood 2014: numbers that are the same in every run.
struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
}
