import Basics
import Foundation
import GridFiles
import TestSupport
import Testing

/// The commands as people call them: exit codes, JSON, what goes where.
@Suite(.enabled(if: Isotach.binary != nil, Isotach.reason)) struct CommandTests {
  @Test func exitCodes() async throws {
    let folder = try TemporaryFolder()
    var file = SmallFile()
    try await file.write(folder.path("a.nc"))
    file.values[0] += 1
    try await file.write(folder.path("b.nc"))
    file.timeUnits = "days"
    try await file.write(folder.path("wrong.nc"))
    try folder.write("no such format", to: "text.nc")
    let cases: [([String], Int32)] = [
      (["inspect", "a.nc"], 0), (["inspect", "wrong.nc"], 0),
      (["inspect", "--missing", "--json", "a.nc"], 0),
      (["inspect", "text.nc"], 65), (["inspect", "ghost.nc"], 66), (["inspect"], 64),
      (["inspect", "a.nc", "--variable", "ghost"], 65), (["inspect", "a.nc", "--quicklook", "x.png"], 64),
      (["validate", "a.nc"], 0), (["validate", "wrong.nc"], 1), (["validate", "--json", "wrong.nc"], 1),
      (["validate", "text.nc"], 65), (["validate", "ghost.nc"], 66),
      (["validate", "--json", "--errors-only", "a.nc"], 64),
      (["diff", "a.nc", "a.nc"], 0), (["diff", "a.nc", "b.nc"], 1),
      (["diff", "a.nc", "b.nc", "--absolute", "1"], 0),
      (["diff", "a.nc", "b.nc", "--tolerance", "0.01"], 0), (["diff", "a.nc", "ghost.nc"], 66),
      (["diff", "text.nc", "a.nc"], 65), (["diff", "a.nc"], 64),
      (["diff", "a.nc", "b.nc", "--tolerance", "-1"], 64),
      (["diff", "a.nc", "b.nc", "--tolerance", "nan"], 64),
      (["diff", "a.nc", "b.nc", "--variables", "lat"], 0),
      (["diff", "a.nc", "b.nc", "--variables", "ghost"], 65),
      (["diff", "a.nc", "b.nc", "--variables", ""], 64),
      (["--version"], 0), (["--help"], 0), (["inspect", "--help"], 0), (["nonsense"], 64),
      (["--nonsense"], 64),
    ]
    for (arguments, code) in cases {
      let result = try Isotach.run(arguments, in: folder.url)
      #expect(result.exit == code, "\(arguments): \(result.status)\n\(result.stdout)\(result.stderr)")
      // Results on standard output, complaints on standard error.
      if code >= 64 {
        #expect(result.stdout.isEmpty && !result.stderr.isEmpty, "\(arguments)")
      } else {
        #expect(!result.stdout.isEmpty && result.stderr.isEmpty, "\(arguments): \(result.stderr)")
      }
      if arguments.contains("--json"), code < 64 {
        #expect((try? JSONSerialization.jsonObject(with: Data(result.stdout.utf8))) != nil, "\(arguments)")
      }
    }
  }

  @Test func aFullDeviceIsAnError() async throws {
    let folder = try TemporaryFolder()
    try await SmallFile().write(folder.path("a.nc"))
    let binary = try #require(Isotach.binary)
    for command in ["inspect a.nc", "validate a.nc", "diff a.nc a.nc", "--version", "--help"] {
      let result = try Command.run(["/bin/sh", "-c", "\(binary) \(command) > /dev/full"], in: folder.url)
      #expect(result.exit == 74 && result.stderr.contains("No space left"), "\(command): \(result.status)")
      // A reader that goes away is no reason for a message.
      let early = try Command.run(["/bin/bash", "-c", "\(binary) \(command) | true"], in: folder.url)
      #expect(early.exit == 0 && early.stderr.isEmpty, "\(command): \(early.stderr)")
    }
  }

  @Test func hostileTextDoesNotReachTheTerminal() async throws {
    let folder = try TemporaryFolder()
    var file = SmallFile()
    file.title = "x\u{1B}]0;owned\u{07}\u{202E}y\r\n"
    file.extra = [
      Attribute("standard_name", "a\u{1B}[31m"), Attribute("comment", "\u{9B}31m"),
      Attribute("units_metadata", String(repeating: "long ", count: 10_000)),
    ].filter { $0.name != "standard_name" }
    file.timeUnits = "days since \u{1B}[2J"
    try await file.write(folder.path("a\u{1B}[7m.nc"))
    try await SmallFile().write(folder.path("b.nc"))
    for arguments in [
      ["inspect", "a\u{1B}[7m.nc"], ["inspect", "--json", "a\u{1B}[7m.nc"], ["validate", "a\u{1B}[7m.nc"],
      ["validate", "--json", "a\u{1B}[7m.nc"], ["diff", "a\u{1B}[7m.nc", "b.nc"],
      ["inspect", "ghost\u{1B}[7m.nc"],
      ["diff", "--json", "a\u{1B}[7m.nc", "b.nc"], ["inspect", "b.nc", "--variable", "\u{1B}[7m"],
    ] {
      let result = try Isotach.run(arguments, in: folder.url)
      let output = result.stdout + result.stderr
      #expect(!output.isEmpty)
      let steering = output.unicodeScalars.filter { $0 != "\n" && !isPrintable($0) }
      #expect(steering.isEmpty, "\(arguments)")
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completionScripts(_ shell: String) throws {
    let result = try Isotach.run(["--generate-completion-script", shell])
    #expect(result.exit == 0 && result.stdout.contains("inspect") && result.stdout.contains("validate"))
    guard Peers.hasTool(shell) else { return }
    let check = try Command.run([shell, "-n", "/dev/stdin"], input: result.stdout)
    #expect(check.exit == 0, "\(check.stderr)")
  }

  /// Every file there is: read or refused with a reason, the same as itself, JSON that parses.
  @Test(.enabled(if: SharedData.isThere, SharedData.reason)) func everySharedFile() throws {
    // The large ones take long in a debug build.
    for url in SharedData.files()
    where (try? url.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0 < 300_000 {
      let inspect = try Isotach.run(["inspect", "--json", "--missing", url.path])
      #expect(inspect.exit == 0, "\(url.lastPathComponent): \(inspect.status) \(inspect.stderr)")
      #expect(
        (try? JSONSerialization.jsonObject(with: Data(inspect.stdout.utf8))) != nil,
        "\(url.lastPathComponent)")
      let validate = try Isotach.run(["validate", "--json", url.path])
      #expect(validate.exit == 0 || validate.exit == 1, "\(url.lastPathComponent): \(validate.status)")
      let diff = try Isotach.run(["diff", url.path, url.path])
      #expect(diff.exit == 0, "\(url.lastPathComponent): \(diff.stdout)\(diff.stderr)")
    }
  }
}
