import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Writes that fail: the exit code, the path and the system's own reason, and the old output as it was.
@Suite(.serialized, .enabled(if: Needs.isotach, Isotach.reason)) struct RefusalTests {
  struct Failure: Sendable {
    let call: String
    let error: String
    let moment: String
    let exit: Int32
    let reason: String
    init(_ call: String, _ error: String, _ moment: String, _ exit: Int32, _ reason: String) {
      (self.call, self.error, self.moment, self.exit, self.reason) = (call, error, moment, exit, reason)
    }
  }

  static let failures: [Failure] =
    ["1", "1+", "2", "2+", "3+", "5+", "8", "8+"].flatMap { moment in
      [
        Failure("pwrite64", "ENOSPC", moment, 73, "No space left on device"),
        Failure("pwrite64", "EIO", moment, 74, "Input/output error"),
      ]
    } + [
      Failure("pwrite64", "EDQUOT", "4+", 73, "Disk quota exceeded"),
      Failure("pwrite64", "EFBIG", "4+", 73, "File too large"),
      Failure("fsync", "EIO", "1", 74, "Input/output error"),
      Failure("fsync", "ENOSPC", "1", 73, "No space left on device"),
      Failure("fsync", "EDQUOT", "1", 73, "Disk quota exceeded"),
      Failure("renameat", "ENOSPC", "1", 73, "No space left on device"),
      Failure("renameat", "EIO", "1", 74, "Input/output error"),
      Failure("renameat", "EROFS", "1", 73, "Read-only file system"),
      Failure("fchmod", "EPERM", "1", 73, "Operation not permitted"),
    ]

  @Test(.enabled(if: Needs.strace, Needs.straceReason))
  func everyFailedCallIsTold() async throws {
    let run = try await SmallRun()
    for failure in Self.failures {
      try run.putOldFile()
      let spec = "\(failure.call):error=\(failure.error):when=\(failure.moment)"
      let result = try run.run([
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(failure.call)", "-e", "inject=\(spec)",
      ])
      #expect(result.exit == failure.exit, "\(spec): \(result.status) \(result.stderr)")
      #expect(result.stderr.contains("new.nc"), "\(spec): \(result.stderr)")
      #expect(result.stderr.contains(failure.reason), "\(spec): \(result.stderr)")
      #expect(run.litter == [], "\(spec)")
      guard case .old = run.state else {
        Issue.record("\(spec): the old output is gone: \(run.state)")
        continue
      }
    }
  }

  /// With `bench io`, which reads no file: the first `close` of its I/O thread is the output's.
  @Test(
    .enabled(
      if: Needs.strace
        && FileManager.default.isExecutableFile(atPath: PackageRoot.url(".build/debug/bench").path),
      "strace or .build/debug/bench is not there: skipped"))
  func aFailedCloseOfTheFileIsAFailure() throws {
    let folder = try TemporaryFolder()
    let target = try folder.write("old", to: "out.nc")
    let result = try Command.run([
      "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=close", "-e", "inject=close:error=EIO:when=1",
      PackageRoot.url(".build/debug/bench").path, "io", "--megabytes", "2", "--only", "write", "--way",
      "isotach",
      "--runs", "1", "--workers", "1", "--file", target,
    ])
    #expect(result.exit == 1, "\(result.status)")
    #expect(result.stderr.contains("out.nc: it cannot be closed: Input/output error"), "\(result.stderr)")
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "old")
    #expect(folder.contents() == ["out.nc"])
  }

  @Test(arguments: [4096, 20_000, 200_000]) func aFileSizeLimitIsNamed(limit: Int) async throws {
    let run = try await SmallRun()
    try run.putOldFile()
    let result = try run.run(["prlimit", "--fsize=\(limit)"])
    #expect(result.exit == 73, "\(result.status) \(result.stderr)")
    #expect(
      result.stderr.contains("File too large") && result.stderr.contains("\(limit) bytes"), "\(result.stderr)"
    )
    #expect(run.litter == [])
    guard case .old = run.state else {
      Issue.record("the old output is gone: \(run.state)")
      return
    }
  }

  @Test(.enabled(if: Needs.isRoot, "only root can mount a small disk: skipped"), arguments: ["24k", "200k"])
  func aFullDisk(size: String) async throws {
    let run = try await SmallRun()
    let mount = try Command.run([
      "mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", run.folder.path("out"),
    ])
    guard mount.exit == 0 else {
      print("skipped: mount: \(mount.stderr)")
      return
    }
    defer { _ = try? Command.run(["umount", "-l", run.folder.path("out")]) }
    try run.putOldFile()
    let result = try run.run()
    #expect(result.exit == 73, "\(result.status) \(result.stderr)")
    #expect(
      result.stderr.contains("new.nc") && result.stderr.contains("No space left on device"),
      "\(result.stderr)")
    #expect(run.litter == [])
    guard case .old = run.state else {
      Issue.record("the old output is gone: \(run.state)")
      return
    }
  }

  @Test(
    .enabled(
      if: Needs.isRoot && Peers.hasTool("setpriv"),
      "root writes everywhere, and is not here to become another: skipped"))
  func aFolderThatMayNotBeWrittenIn() async throws {
    let run = try await SmallRun()
    chmod(run.folder.url.path, 0o755)
    let result = try run.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    // Where the program itself lies in a private folder that user cannot start it.
    guard result.exit != 126, result.exit != 127 else { return }
    #expect(result.exit == 73, "\(result.status) \(result.stderr)")
    #expect(
      result.stderr.contains("new.nc") && result.stderr.contains("Permission denied"), "\(result.stderr)")
    guard case .complete = run.state else {
      Issue.record("the output is gone: \(run.state)")
      return
    }
  }

  @Test func anOutputThatIsAnInput() async throws {
    let run = try await SmallRun()
    let input = FileManager.default.contents(atPath: run.folder.path("in.nc"))
    #expect(link(run.folder.path("in.nc"), run.folder.path("hard.nc")) == 0)
    #expect(symlink("in.nc", run.folder.path("soft.nc")) == 0)
    #expect(symlink(".", run.folder.path("here")) == 0)
    for name in ["in.nc", "./in.nc", "here/in.nc", "hard.nc", "soft.nc"] {
      let pipeline = try run.folder.write(SmallRun.text(output: name), to: "p2.yaml")
      let before = run.folder.contents()
      let result = try Isotach.run(["run", pipeline])
      #expect(result.exit == 78, "\(name): \(result.status) \(result.stderr)")
      #expect(result.stderr.contains("input"), "\(name): \(result.stderr)")
      #expect(FileManager.default.contents(atPath: run.folder.path("in.nc")) == input)
      #expect(run.folder.contents() == before)
    }
  }

  @Test func aPlantedLinkIsNotFollowed() async throws {
    let run = try await SmallRun()
    let victim = try run.folder.write("mine", to: "victim")
    #expect(symlink(victim, run.folder.path("out/link.nc")) == 0)
    let planted = ".new.nc.0123456789abcdef.isotach"
    #expect(symlink(victim, run.folder.path("out/" + planted)) == 0)
    #expect(try run.run().exit == 0)
    let pipeline = try run.folder.write(SmallRun.text(output: "out/link.nc"), to: "p2.yaml")
    let result = try Isotach.run(["run", pipeline])
    #expect(result.exit == 73 || result.exit == 78, "\(result.status) \(result.stderr)")
    #expect(result.stderr.contains("symbolic link"), "\(result.stderr)")
    #expect(try String(contentsOfFile: victim, encoding: .utf8) == "mine")
  }
}
