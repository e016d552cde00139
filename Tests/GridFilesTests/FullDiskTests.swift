import Basics
import Foundation
import TestSupport
import Testing

@testable import GridFiles

#if canImport(Glibc)
  import Glibc
#endif

/// A disk that becomes full: real ones, of a few KiB, which only root can make.
@Suite(.serialized, .enabled(if: geteuid() == 0, "only root can mount a small disk: skipped"))
struct FullDiskTests {
  /// Mounts a small file system, or says why not.
  private func withDisk(_ options: String, _ body: (TemporaryFolder) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    let mount = try Command.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder.url.path])
    guard mount.exit == 0 else {
      print("skipped: mount: \(mount.stderr)")
      return
    }
    defer { _ = try? Command.run(["umount", "-l", folder.url.path]) }
    try await body(folder)
  }

  private func write(_ path: String, extraBytes: Int) async throws {
    var definition = SampleFile.definition(deflate: nil)
    definition.dimensions.append(Dimension(name: "z", length: max(1, extraBytes / 8)))
    definition.variables.append(
      VariableDefinition(name: "z", type: .float64, dimensions: ["z"]))
    let file = try await OutputFile.create(path, definition, inputs: [])
    do {
      try await SampleFile.writeCoordinates(file)
      try await SampleFile.writeField(file)
      let count = definition.dimensions[5].length
      try await file.write("z", (0..<count).map(Double.init), start: [0], count: [count])
      try await file.publish()
    } catch {
      await file.discard()
      throw error
    }
  }

  @Test(arguments: [(4, 0), (8, 0), (16, 0), (24, 8_000), (24, 100_000), (64, 60_000), (1024, 2_000_000)])
  func theOldFileStaysAndTheReasonIsTold(kibibytes: Int, extraBytes: Int) async throws {
    try await withDisk("size=\(kibibytes)k") { folder in
      try folder.write("old", to: "out.nc")
      do {
        try await write(folder.path("out.nc"), extraBytes: extraBytes)
        Issue.record("a file larger than its disk was published")
      } catch let error as FileError {
        #expect(error.kind == .cannotWrite)
        #expect(error.description.hasPrefix(folder.path("out.nc")), "\(error)")
        #expect(error.cause.contains("No space left on device"), "\(error)")
      }
      #expect(folder.contents() == ["out.nc"])
      #expect(try String(contentsOf: folder.url("out.nc"), encoding: .utf8) == "old")
      // Nothing of the failed file holds space, and the library goes on: a small one fits if the disk is large enough.
      guard kibibytes >= 64 else { return }
      try await write(folder.path("small.nc"), extraBytes: 0)
      #expect(folder.contents() == ["out.nc", "small.nc"])
    }
  }

  @Test func noInodeIsFree() async throws {
    try await withDisk("nr_inodes=2") { folder in
      try folder.write("old", to: "out.nc")
      do {
        try await write(folder.path("out.nc"), extraBytes: 0)
        Issue.record("a file was made without an inode")
      } catch let error as FileError {
        #expect(error.kind == .cannotWrite && error.cause.contains("no inode is free"), "\(error)")
      }
    }
  }

  @Test func aReadOnlyDisk() async throws {
    try await withDisk("size=1m") { folder in
      let result = try Command.run(["mount", "-o", "remount,ro", folder.url.path])
      #expect(result.exit == 0)
      do {
        try await write(folder.path("new/out.nc"), extraBytes: 0)
        Issue.record("a file was made on a read-only disk")
      } catch let error as FileError {
        #expect(error.kind == .cannotWrite && error.cause.contains("Read-only file system"), "\(error)")
      }
    }
  }

  @Test func scratchSpaceIsTakenAtOnce() async throws {
    try await withDisk("size=1m") { folder in
      do {
        _ = try ScratchStore(folder: folder.url.path, count: 1_000_000)
        Issue.record("5 MB fit in 1 MiB")
      } catch let error as FileError {
        #expect(error.kind == .cannotWrite && error.cause.contains("No space left on device"), "\(error)")
      }
      _ = try ScratchStore(folder: folder.url.path, count: 100_000)
    }
  }
}
