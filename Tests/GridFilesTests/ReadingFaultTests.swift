import Basics
import Foundation
import TestSupport
import Testing

@testable import GridFiles

/// Damaged, hostile and impossible inputs: always an error that names the file, never a crash.
@Suite struct ReadingFaultTests {
  private func error(_ path: String) async -> FileError? {
    do {
      _ = try await SourceFile.open(path)
      return nil
    } catch { return error }
  }

  @Test(arguments: [
    "http://example.org/x.nc", "[mode=bytes]https://example.org/x.nc", "file:///tmp/x.nc", "s3://b/x.nc",
  ]) func addressesAreRefused(_ path: String) async {
    #expect(await error(path)?.kind == .refused)
  }

  @Test func onlyFilesAreOpened() async throws {
    let folder = try TemporaryFolder()
    mkfifo(folder.path("fifo"), 0o600)
    #expect(await error(folder.path("fifo"))?.kind == .refused)
    #expect(await error("/dev/zero")?.kind == .refused)
    #expect(await error("/dev/null")?.kind == .refused)
    #expect(await error(folder.url.path)?.kind == .refused)
    #expect(await error(folder.path("no.nc"))?.kind == .missing)
    #expect(await error(folder.path("no/no.nc"))?.kind == .missing)
    try folder.write("", to: "empty.nc")
    #expect(await error(folder.path("empty.nc"))?.kind == .damaged)
    try folder.write("hello, this is text", to: "text.nc")
    #expect(await error(folder.path("text.nc"))?.kind == .unsupported)
  }

  @Test func changesAreNoticed() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path("x.nc")
    try Data(ClassicBytes.small).write(to: folder.url("x.nc"))
    let file = try await SourceFile.open(path)
    try file.checkUnchanged()
    try Data(ClassicBytes.small + [0]).write(to: folder.url("x.nc"))
    #expect(throws: FileError.self) { try file.checkUnchanged() }
    try FileManager.default.removeItem(atPath: path)
    #expect { try file.checkUnchanged() } throws: { ($0 as? FileError)?.kind == .changed }
  }

  /// The C libraries take cut classic files for files of zeros.
  @Test func everyCutOfAClassicFileIsRefused() async throws {
    let folder = try TemporaryFolder()
    let bytes = ClassicBytes.small
    for length in 0..<(bytes.count - ClassicBytes.padding) {
      try Data(bytes[..<length]).write(to: folder.url("cut.nc"))
      let error = await error(folder.path("cut.nc"))
      #expect(error != nil, "cut at \(length) of \(bytes.count)")
    }
    // Without the bytes of padding at the end every value is there.
    for length in (bytes.count - ClassicBytes.padding)...bytes.count {
      try Data(bytes[..<length]).write(to: folder.url("cut.nc"))
      let file = try await SourceFile.open(folder.path("cut.nc"))
      let variable = try #require(file.header.variable("r"))
      #expect(try await file.readDoubles(variable) == [1, 2, 3, 4, 5, 6])
    }
  }

  @Test(
    .enabled(if: SharedData.has("odd/classic_all_types.nc", "odd/cdf5_rotated_pole.nc"), SharedData.reason),
    arguments: ["odd/classic_all_types.nc", "odd/cdf5_rotated_pole.nc", "odd/360day_tas_hadgem2.nc"])
  func everyCutOfARealClassicFile(_ name: String) async throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: SharedData.path(name)))
    let folder = try TemporaryFolder()
    for length in stride(from: 0, to: bytes.count - 4, by: 64) {
      try bytes[..<length].write(to: folder.url("cut.nc"))
      #expect(await error(folder.path("cut.nc")) != nil, "cut at \(length) of \(bytes.count)")
    }
  }

  /// Any byte of a classic header, set to anything: an error or a file whose every variable can be read.
  @Test func brokenClassicHeaders() async throws {
    let folder = try TemporaryFolder()
    let bytes = ClassicBytes.small
    for position in 0..<ClassicBytes.headerBytes {
      for value in [0, 0x7F, 0x80, 0xFF, bytes[position] ^ 1, bytes[position] ^ 4] as [UInt8] {
        var broken = bytes
        broken[position] = value
        try Data(broken).write(to: folder.url("broken.nc"))
        for route in [ReadPolicy.Route.fast, .library] {
          var policy = ReadPolicy()
          policy.route = route
          guard let file = try? await SourceFile.open(folder.path("broken.nc"), policy: policy) else {
            continue
          }
          for variable in file.header.allVariables { _ = try? await file.readBytes(variable) }
        }
      }
    }
  }

  @Test func hugeClassicSizesAreRefused() async throws {
    let folder = try TemporaryFolder()
    // One variable of 2^31 - 1 times 2^31 - 1 doubles.
    let header = ClassicBytes.header(
      dimensions: [("a", 0x7FFF_FFFF), ("b", 0x7FFF_FFFF), ("c", 0x7FFF_FFFF)],
      variables: [("v", [0, 1, 2], 6, 200)], records: 0)
    try Data(header).write(to: folder.url("huge.nc"))
    let found = await error(folder.path("huge.nc"))
    #expect(found?.kind == .damaged)
    #expect(found?.subject == "v")
  }

  /// One flipped bit in an ordinary netCDF-4 file is enough to make the libraries crash: the child may die, this
  /// process may not.
  @Test(
    .enabled(if: SharedData.has("odd/odd_units.nc", "odd/vlstr_type.nc"), SharedData.reason),
    arguments: ["odd/odd_units.nc", "odd/fletcher32.hdf5", "odd/vlen_string_bigendian.h5", "odd/compound.nc"])
  func flippedBits(_ name: String) async throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: SharedData.path(name))))
    let folder = try TemporaryFolder()
    var random = SplitMix(state: 5)
    var refused = 0
    for trial in 0..<40 {
      var broken = bytes
      broken[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
      let path = folder.path("\(trial).nc")
      try Data(broken).write(to: URL(fileURLWithPath: path))
      do {
        let file = try await SourceFile.open(path)
        for variable in file.header.allVariables {
          if variable.type == .string {
            _ = try? await file.readStrings(variable)
          } else {
            _ = try? await file.readBytes(variable)
          }
        }
      } catch {
        refused += 1
        #expect(error.path == path)
      }
    }
    #expect(refused < 40)
  }

  @Test(
    .enabled(if: SharedData.has("odd/odd_units.nc"), SharedData.reason),
    arguments: [100, 1000, 3000, 5000, 6057])
  func cutHDF5Files(_ length: Int) async throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: SharedData.path("odd/odd_units.nc")))
    let folder = try TemporaryFolder()
    try bytes[..<length].write(to: folder.url("cut.nc"))
    let found = await error(folder.path("cut.nc"))
    #expect(found?.kind == .damaged)
    #expect(found?.path == folder.path("cut.nc"))
  }

  /// A walker that crashes, that takes too much of the processor, that waits for ever, and one of another
  /// version.
  @Test(
    .serialized,
    arguments: [
      ("ulimit -c 0; kill -SEGV $$", 300, "signal 11"),
      ("ulimit -c 0; ulimit -S -t 1; while :; do :; done", 300, "20 s of processor time"),
      ("exec sleep 600", 1, "not ended after 1 s"), ("exit 3", 300, "code 3"),
    ])
  func deathOfTheChild(_ script: String, _ patience: Int, _ cause: String) async throws {
    let folder = try TemporaryFolder()
    try folder.write("#!/bin/sh\n\(script)\n", to: "walker")
    chmod(folder.path("walker"), 0o700)
    try Data([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A] + [UInt8](repeating: 0, count: 100))
      .write(to: folder.url("x.h5"))
    var policy = ReadPolicy()
    policy.walkPatience = patience
    let raw = try RawFile(folder.path("x.h5"))
    // As in a run, from a thread of a queue: such threads block signals.
    let failure = await withCheckedContinuation { continuation in
      DispatchQueue.global().async { [policy] in
        continuation.resume(returning: FileWalker.run(folder.path("walker"), raw, policy))
      }
    }
    #expect(failure?.cause.contains(cause) == true, "\(String(describing: failure))")
    #expect(failure?.kind == (cause.hasPrefix("signal") || cause.hasPrefix("20 s") ? .damaged : .inputOutput))
  }
}

/// Classic files, byte by byte.
enum ClassicBytes {
  static func word(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }
  static func name(_ text: String) -> [UInt8] {
    word(text.utf8.count) + Array(text.utf8) + [UInt8](repeating: 0, count: -text.utf8.count & 3)
  }

  /// A CDF-1 header without attributes; the sizes that it states are all wrong.
  static func header(
    dimensions: [(String, Int)], variables: [(String, [Int], Int, Int)], records: Int
  ) -> [UInt8] {
    var bytes = Array("CDF\u{1}".utf8) + word(records)
    bytes += word(10) + word(dimensions.count)
    for (text, length) in dimensions { bytes += name(text) + word(length) }
    bytes += word(0) + word(0)
    bytes += word(11) + word(variables.count)
    for (text, ids, type, begin) in variables {
      bytes += name(text) + word(ids.count) + ids.flatMap(word) + word(0) + word(0) + word(type) + word(0)
      bytes += word(begin)
    }
    return bytes
  }

  private static func smallHeader(_ first: Int) -> [UInt8] {
    header(
      dimensions: [("t", 0), ("x", 3)],
      variables: [("f", [1], 4, first), ("r", [0, 1], 3, first + 12), ("b", [0], 1, first + 20)], records: 2)
  }

  static let headerBytes = smallHeader(0).count
  /// A fixed int variable f[3], and records of short r[t, 3] and byte b[t], each padded to four bytes.
  static let small: [UInt8] = {
    var bytes = smallHeader(headerBytes)
    for value in [7, 8, 9] { bytes += word(value) }
    for record in 0..<2 {
      for value in 1...3 { bytes += [0, UInt8(3 * record + value)] }
      bytes += [0, 0, UInt8(record), 0, 0, 0]
    }
    return bytes
  }()
  static let padding = 3
}
