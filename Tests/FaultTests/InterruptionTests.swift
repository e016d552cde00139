import Foundation
import TestSupport
import Testing

/// Runs that are killed or told to stop: the output is the old one or the new one, and the next run leaves
/// nothing but its output.
@Suite(.serialized, .enabled(if: Needs.isotach, Isotach.reason)) struct InterruptionTests {
  @Test func killedAtRandomMoments() async throws {
    let run = try await SmallRun()
    var fastest = Double.infinity
    for _ in 0..<3 { fastest = min(fastest, try run.run().seconds) }
    var random = SystemRandomNumberGenerator()
    var killed = 0
    for round in 0..<40 {
      try run.putOldFile()
      // Most moments in the second half: before that the process only starts.
      let moment = max(0.001, fastest * Double.random(in: 0.2...1.1, using: &random))
      let result = try run.run(timeout: moment)
      killed += result.didTimeOut ? 1 : 0
      #expect(run.halfWritten == nil, "killed after \(moment) s, round \(round)")
      if case .old = run.state { #expect(result.exit != 0) }
    }
    #expect(killed > 5)
    #expect(try run.run().exit == 0)
    guard case .complete = run.state else {
      Issue.record("the next run wrote something else: \(run.state)")
      return
    }
    #expect(run.litter == [])
    #expect(run.folder.contents() == ["in.nc", "out", "p.yaml"])
  }

  @Test(.enabled(if: Needs.strace, Needs.straceReason))
  func killedAtEveryCallThatWrites() async throws {
    let run = try await SmallRun()
    for call in ["pwrite64", "ftruncate", "fchmod", "fsync", "renameat", "flock"] {
      var reached = 0
      for number in 1...200 {
        try run.putOldFile()
        let result = try run.run(
          [
            "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
            "inject=\(call):signal=KILL:when=\(number)",
          ])
        #expect(run.halfWritten == nil, "killed at call \(number) of \(call)")
        if result.exit == 0 {
          guard case .complete = run.state else {
            Issue.record("\(call) \(number): exit 0 without the output")
            return
          }
          #expect(run.litter == [], "\(call) \(number)")
          break
        }
        reached += 1
      }
      // One thread does almost all of it, so counting per thread reaches nearly every call.
      if call == "pwrite64" { #expect(reached >= 8) }
      if call == "fsync" { #expect(reached == 2) }
      if call == "renameat" { #expect(reached == 1) }
    }
    #expect(try run.run().exit == 0)
    #expect(run.litter == [])
  }

  @Test func toldToStopAtRandomMoments() async throws {
    let run = try await SmallRun()
    let seconds = try run.run().seconds
    var random = SystemRandomNumberGenerator()
    var stopped = 0
    for _ in 0..<20 {
      try run.putOldFile()
      let moment = String(format: "%.4f", max(0.001, seconds * Double.random(in: 0.3...1.05, using: &random)))
      let start = Date()
      let result = try run.run(
        ["timeout", "--preserve-status", "-s", "TERM", "-k", "12", moment], timeout: 30)
      let took = Date().timeIntervalSince(start)
      #expect(took < 10)
      #expect(run.halfWritten == nil)
      #expect(run.litter == [], "told to stop after \(moment) s: \(result.status)")
      // Before the handler is set the signal itself ends the process.
      #expect(
        result.exit == 143 || result.exit == 0 || result.signal == 15, "\(result.status) \(result.stderr)")
      if result.exit == 143 { stopped += 1 }
    }
    #expect(stopped > 0)
  }

  /// While a write hangs: the second signal ends the run all the same, and removes what it had begun.
  @Test(.enabled(if: Needs.strace, Needs.straceReason)) func toldToStopTwice() async throws {
    let run = try await SmallRun()
    try run.putOldFile()
    let result = try run.run([
      "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e",
      "inject=pwrite64:delay_enter=6000000:when=3",
      "timeout", "--preserve-status", "-s", "TERM", "3", "timeout", "--preserve-status", "-s", "TERM", "2",
    ])
    #expect(result.exit == 143, "\(result.status) \(result.stderr)")
    #expect(run.litter == [])
    guard case .old = run.state else {
      Issue.record("the old output is gone: \(run.state)")
      return
    }
  }

  @Test(.enabled(if: Needs.strace, Needs.straceReason)) func twoRunsAtOnce() async throws {
    let run = try await SmallRun()
    try run.putOldFile()
    // The first run waits eight seconds before its rename.
    let first = Background {
      try run.run([
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat", "-e",
        "inject=renameat:delay_enter=8000000",
      ])
    }
    var waited = 0
    while run.litter.isEmpty, waited < 2000 {
      try await Task.sleep(for: .milliseconds(10))
      waited += 1
    }
    let second = try run.run()
    #expect(second.exit == 75, "\(second.status) \(second.stderr)")
    #expect(second.stderr.contains("new.nc") && second.stderr.contains("another process"), "\(second.stderr)")
    #expect(try first.result().exit == 0)
    #expect(run.litter == [])
    #expect(try run.run().exit == 0)
  }
}
