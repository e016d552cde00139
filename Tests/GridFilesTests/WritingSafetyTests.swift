import Basics
import Foundation
import TestSupport
import Testing

@testable import GridFiles

#if canImport(Glibc)
  import Glibc
#endif

/// What may and may not happen to files around an output.
@Suite struct WritingSafetyTests {
  private let litter = ".out.nc.0123456789abcdef.isotach"

  private func error(_ path: String, inputs: [FileIdentity] = []) async -> FileError? {
    do {
      await (try OutputFile.create(path, SampleFile.definition(), inputs: inputs)).discard()
      return nil
    } catch { return error }
  }

  private func identity(_ path: String) -> FileIdentity {
    var status = stat()
    #expect(stat(path, &status) == 0)
    return FileIdentity(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
      modifiedNanoseconds: 0)
  }

  @Test func linksFoldersAndPipesAreRefused() async throws {
    let folder = try TemporaryFolder()
    try Data("mine".utf8).write(to: URL(fileURLWithPath: folder.path("victim")))
    symlink(folder.path("victim"), folder.path("link.nc"))
    symlink(folder.path("nowhere"), folder.path("dangling.nc"))
    mkdir(folder.path("folder.nc"), 0o777)
    mkfifo(folder.path("pipe.nc"), 0o666)
    let before = folder.contents()
    for (name, word) in [
      ("link.nc", "symbolic link"), ("dangling.nc", "symbolic link"), ("folder.nc", "folder"),
      ("pipe.nc", "pipe"), ("", "no file name"), ("..", "no file name"), ("a\0b", "path"),
    ] {
      let error = try #require(await error(folder.url.path + "/" + name))
      #expect(error.kind == .cannotWrite && error.cause.contains(word), "\(name): \(error)")
    }
    #expect(folder.contents() == before)
    #expect(FileManager.default.contents(atPath: folder.path("victim")) == Data("mine".utf8))
  }

  @Test func anOutputIsNeverAnInput() async throws {
    let folder = try TemporaryFolder()
    try Data("input".utf8).write(to: URL(fileURLWithPath: folder.path("in.nc")))
    #expect(link(folder.path("in.nc"), folder.path("hard.nc")) == 0)
    symlink("in.nc", folder.path("soft.nc"))
    symlink(".", folder.path("here"))
    let inputs = [identity(folder.path("in.nc"))]
    for name in ["in.nc", "./in.nc", "here/in.nc", "hard.nc", "soft.nc"] {
      let error = try #require(await error(folder.path(name), inputs: inputs))
      #expect(error.kind == .refused && error.cause.contains("one of the inputs"), "\(name): \(error)")
    }
    #expect(folder.contents() == ["hard.nc", "here", "in.nc", "soft.nc"])
  }

  @Test func litterOfDeadRunsGoesAndNothingElse() async throws {
    let folder = try TemporaryFolder()
    let others = [
      ".out.nc.0123456789abcdeX.isotach", ".out.nc.x.0123456789abcdef.isotach",
      ".other.nc.0123456789abcdef.isotach",
      ".out.nc.0123456789abcde.isotach",
    ]
    for name in others + [litter] {
      try Data("half".utf8).write(to: URL(fileURLWithPath: folder.path(name)))
    }
    try Data("mine".utf8).write(to: URL(fileURLWithPath: folder.path("victim")))
    let planted = ".out.nc.00000000000000ff.isotach"
    symlink("victim", folder.path(planted))
    try await SampleFile.write(folder.path("out.nc"))
    #expect(folder.contents() == (others + [planted, "out.nc", "victim"]).sorted())
    #expect(FileManager.default.contents(atPath: folder.path("victim")) == Data("mine".utf8))
  }

  @Test func twoWritersOfOneTarget() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("out.nc")
    let first = try await OutputFile.create(path, SampleFile.definition(), inputs: [])
    let error = try #require(await error(path))
    #expect(error.kind == .busy)
    #expect(error.cause.contains("\(getpid())"), "\(error)")
    // Another name in the same folder is free.
    #expect(await self.error(folder.path("other.nc")) == nil)
    await first.discard()
    #expect(folder.contents() == [])
    #expect(await self.error(path) == nil)
  }

  @Test func ofManyThatStartTogetherOneWrites() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("out.nc")
    let files = await withTaskGroup(of: OutputFile?.self) { group in
      for _ in 0..<8 {
        group.addTask { try? await OutputFile.create(path, SampleFile.definition(), inputs: []) }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(files.count { $0 != nil } == 1)
    for file in files { await file?.discard() }
    #expect(folder.contents() == [])
  }

  @Test func anIncompleteFileIsNotPublished() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("out.nc")
    try Data("old".utf8).write(to: URL(fileURLWithPath: path))
    let file = try await OutputFile.create(path, SampleFile.definition(), inputs: [])
    try await SampleFile.writeCoordinates(file)
    await #expect(throws: FileError.self) { try await file.publish() }
    #expect(FileManager.default.contents(atPath: path) == Data("old".utf8))
    #expect(folder.contents() == ["out.nc"])
    // It is over.
    await #expect(throws: FileError.self) { try await file.write("crs", [1], start: [], count: []) }
  }

  @Test func permissions() async throws {
    let folder = try TemporaryFolder()
    try await SampleFile.write(folder.path("new.nc"))
    var status = stat()
    #expect(stat(folder.path("new.nc"), &status) == 0)
    let mask = umask(0)
    umask(mask)
    #expect(status.st_mode & 0o777 == 0o666 & ~mask)
    chmod(folder.path("new.nc"), 0o640)
    try await SampleFile.write(folder.path("new.nc"))
    #expect(stat(folder.path("new.nc"), &status) == 0)
    #expect(status.st_mode & 0o777 == 0o640)
  }

  @Test func longAndOddNames() async throws {
    let folder = try TemporaryFolder()
    let names = [
      String(repeating: "n", count: 240) + ".nc", "-rf.nc", "a b;$(c).nc", "tab\tand\nnewline.nc", "Übung.nc",
    ]
    for name in names { try await SampleFile.write(folder.path(name)) }
    #expect(folder.contents() == names.sorted())
    let error = try #require(await error(folder.path(String(repeating: "n", count: 300))))
    #expect(error.cause.contains("File name too long"), "\(error)")
  }

  @Test func whatDoesNotFitIsRefused() async throws {
    let folder = try TemporaryFolder()
    let file = try await OutputFile.create(folder.path("out.nc"), SampleFile.definition(), inputs: [])
    await #expect(throws: FileError.self) { try await file.write("letters", [40000], start: [0], count: [1]) }
    await #expect(throws: FileError.self) { try await file.write("letters", [0.5], start: [0], count: [1]) }
    await #expect(throws: FileError.self) { try await file.write("letters", [.nan], start: [0], count: [1]) }
    await #expect(throws: FileError.self) { try await file.write("lon", [1e300], start: [0], count: [1]) }
    await #expect(throws: FileError.self) { try await file.write("lat", [1], start: [7], count: [1]) }
    await #expect(throws: FileError.self) { try await file.write("lat", [1], start: [-1], count: [1]) }
    await #expect(throws: FileError.self) { try await file.write("lat", [1, 2], start: [0], count: [1]) }
    await #expect(throws: FileError.self) { try await file.write("nothing", [1], start: [0], count: [1]) }
    await #expect(throws: FileError.self) { try await file.write("label", text: ["too long a text"]) }
    let chunk = try [Float](repeating: 0, count: 44).withUnsafeBytes { try file.encode("field", $0) }
    for origin in [[0, 1, 0], [0, 0], [5, 0, 0], [0, 8, 0], [-1, 0, 0]] {
      await #expect(throws: FileError.self) { try await file.write("field", chunkAt: origin, chunk) }
    }
    #expect(throws: FileError.self) {
      try [Float](repeating: 0, count: 43).withUnsafeBytes { try file.encode("field", $0) }
    }
    await file.discard()
    #expect(folder.contents() == [])
  }

  @Test func badDefinitionsAreRefused() async throws {
    let folder = try TemporaryFolder()
    func expectRefused(_ change: (inout FileDefinition) -> Void) async {
      var definition = SampleFile.definition()
      change(&definition)
      do {
        await (try OutputFile.create(folder.path("out.nc"), definition, inputs: [])).discard()
        Issue.record("it was accepted")
      } catch {
        #expect(error.kind == .refused, "\(error)")
      }
    }
    await expectRefused { $0.variables[0].type = .uint16 }
    await expectRefused { $0.variables[0].fill = .float64([1e20]) }
    await expectRefused { $0.variables[0].chunks = nil }
    await expectRefused { $0.variables[0].chunks = [1, 0, 11] }
    await expectRefused { $0.variables[0].chunks = [1, 4] }
    await expectRefused { $0.variables[0].deflate = 10 }
    await expectRefused { $0.variables[0].dimensions[0] = "nowhere" }
    await expectRefused { $0.variables[0].name = "time" }
    await expectRefused { $0.variables[0].name = "a/b" }
    await expectRefused { $0.dimensions.append($0.dimensions[0]) }
    await expectRefused { $0.dimensions[1] = Dimension(name: "bnds", length: 0) }
    await expectRefused { $0.dimensions[2] = Dimension(name: "lat", length: .max) }
    await expectRefused { $0.attributes.append(Attribute("big", .int64([1]))) }
    await expectRefused { $0.attributes.append(Attribute("texts", .strings(["a", "b"]))) }
    await expectRefused { $0.attributes.append($0.attributes[0]) }
    await expectRefused { $0.attributes.append(Attribute("bad\u{1}name", "x")) }
    await expectRefused { $0.variables[0].attributes.append(Attribute("_FillValue", .float32([0]))) }
    #expect(folder.contents() == [])
  }
}
