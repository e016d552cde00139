import Foundation
import TestSupport
import Testing

/// Scheduled runs that are killed at the worst moments, and two at a time.
@Suite(.serialized, .enabled(if: Needs.isotach, Isotach.reason)) struct ScheduledFaultTests {
  private static let environment = ["SOURCE_DATE_EPOCH": "1700000000"]

  /// A pipeline of two items, and what a plain run makes of them.
  private func setUp() async throws -> (folder: TemporaryFolder, expected: [String: Data]) {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(at: folder.url("in"), withIntermediateDirectories: true)
    for name in ["a", "b"] { try await SmallRun.writeInput(folder.path("in/\(name).nc")) }
    try folder.write(
      """
      name: disturbed
      inputs:
        field: {files: "in/*.nc", variable: tas}
      stages:
        - rename: {input: field, names: {tas: temperature}, as: renamed}
      outputs:
        - {input: renamed, file: "out/{stem}.nc"}
      metadata: {title: A run that is disturbed, institution: none}
      schedule: {settle: 0, metrics: m.prom}

      """, to: "p.yaml")
    let result = try Isotach.run(["run", folder.path("p.yaml")], environment: Self.environment)
    guard result.exit == 0 else { throw MissingData("an undisturbed run ends with \(result.status)") }
    return (folder, outputs(folder))
  }

  private func outputs(_ folder: TemporaryFolder) -> [String: Data] {
    var files: [String: Data] = [:]
    for name in folder.contents("out") where !name.hasPrefix(".") {
      files[name] = FileManager.default.contents(atPath: folder.path("out/\(name)"))
    }
    return files
  }

  private func run(_ folder: TemporaryFolder, _ wrapper: [String] = []) throws -> Command.Result {
    guard let binary = Isotach.binary else { throw MissingData("isotach is not built") }
    return try Command.run(
      wrapper + [binary, "run", "--new-only", folder.path("p.yaml"), "--threads", "2"],
      environment: Self.environment, timeout: 60)
  }

  @Test(.enabled(if: Needs.strace, Needs.straceReason)) func killedAtEveryCall() async throws {
    let (folder, expected) = try await setUp()
    for call in ["mkdir", "flock", "fchmod", "renameat", "ftruncate", "fsync"] {
      try? FileManager.default.removeItem(at: folder.url("out"))
      try? FileManager.default.removeItem(at: folder.url(".isotach"))
      for number in 1...60 {
        let result = try run(
          folder,
          [
            "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
            "inject=\(call):signal=KILL:when=\(number)",
          ])
        for (name, data) in outputs(folder) { #expect(data == expected[name], "\(call) \(number): \(name)") }
        if result.exit == 0 { break }
      }
      // Whatever the killed ones left, one more run is enough.
      let last = try run(folder)
      #expect(last.exit == 0 && last.stdout.isEmpty && last.stderr.isEmpty, "\(last.status) \(last.stderr)")
      #expect(outputs(folder) == expected, "\(call)")
      #expect(folder.contents("out") == ["a.nc", "b.nc"], "\(call)")
      #expect(folder.contents(".isotach/p.yaml").filter { $0.hasPrefix(".") } == [], "\(call)")
    }
  }

  /// The lock belongs to the process, not to what it starts.
  @Test func aHookThatStaysHoldsNoLock() async throws {
    let (folder, _) = try await setUp()
    let script = try folder.write(
      "#!/bin/sh\nsleep 600 >/dev/null 2>&1 &\necho $! >> \(folder.path("staying"))\n", to: "stay.sh")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
    let text = try String(contentsOf: folder.url("p.yaml"), encoding: .utf8)
    try folder.write(
      text.replacingOccurrences(of: "settle: 0,", with: "settle: 0, on-success: [./stay.sh],"), to: "p.yaml")
    // `Process` waits for the end of all that has inherited its socket.
    let alone = [
      "bash", "-c",
      #"for f in /proc/$$/fd/*; do n=${f##*/}; [ $n -gt 2 ] && [ $n -ne 255 ] && eval "exec $n>&-"; done; exec "$@""#,
      "bash",
    ]
    #expect(try run(folder, alone).exit == 0)
    #expect(try run(folder, alone).exit == 0)
    let staying = try String(contentsOf: folder.url("staying"), encoding: .utf8).split(separator: "\n")
      .compactMap { pid_t($0) }
    #expect(!staying.isEmpty)
    for process in staying { #expect(kill(process, SIGKILL) == 0, "the hook's child has not stayed") }
  }
}
