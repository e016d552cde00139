import Basics
import Foundation
import GridFiles
import Grids
import TestSupport
import Testing

@testable import Pipelines

@Suite struct ScheduleTests {
  private func load(_ more: String, file: String = "out/{stem}.nc", stages: String = "") throws
    -> PipelineSpec
  {
    let text =
      "name: x\ninputs:\n  a: {files: \"in/*.nc\", variable: tas}\n\(stages)outputs:\n  - {file: \"\(file)\"}\n"
    return try PipelineSpec.decode(Array((text + more).utf8), path: "p.yaml", settings: [])
  }

  @Test func keysOfTheSchedule() throws {
    let spec = try load(
      "schedule: {order: newest, limit: 7, settle: 2m, retries: 0, backoff: 1h, metrics: a.prom, on-failure: [a, b c]}\n"
    )
    #expect(spec.faults.isEmpty)
    #expect(spec.schedule.order == .newest && spec.schedule.limit == 7 && spec.schedule.settle == 120)
    #expect(spec.schedule.retries == 0 && spec.schedule.backoff == 3600)
    #expect(spec.schedule.hooks.map(\.words) == [["a", "b c"]])
    let plain = try load("").schedule
    #expect(plain.settle == 10 && plain.retries == 3 && plain.backoff == 600 && plain.limit == nil)
  }

  @Test(arguments: [
    ("schedule: {setle: 1s}", "settle"), ("schedule: {settle: soon}", "duration"),
    ("schedule: {limit: 0}", "from 1"), ("schedule: {metrics: a.txt}", ".prom"),
    ("schedule: {on-success: \"mail x\"}", "no shell"), ("schedule: daily", "mapping"),
    ("windows: {length: fortnight}", "one of hour, day"), ("windows: {length: day}", "`{window}`"),
  ]) func faultsOfTheSchedule(text: String, word: String) throws {
    // A window that is none leaves the names of files as they are.
    let name = text.contains("fortnight") ? "{window}" : text.contains("windows") ? "x" : "{stem}"
    let faults = try load(text + "\n", file: name + ".nc").faults
    #expect(faults.count == 1 && faults[0].description.contains(word), "\(faults)")
    #expect(faults.first?.mark?.line == 6)
  }

  @Test func windowsNeedTheirNameAndTheirKey() throws {
    #expect(try load("windows: {length: day}\n", file: "{window}.nc").faults.isEmpty)
    #expect(try load("", file: "{window}.nc").faults.first?.cause.contains("needs the key `windows`") == true)
  }

  /// What does not change an output does not change what the plan says.
  @Test func whatThePlanSays() throws {
    let first = try load("schedule: {settle: 1s}\n").plan
    #expect(first == (try load("# a comment\nschedule: {settle: 2s, retries: 7}\non-error: skip\n").plan))
    #expect(first != (try load("metadata: {title: x}\n").plan))
    #expect(first != (try load("", file: "out/{stem}_2.nc").plan))
    let day = try load("windows: {length: day, steps: 4}\n", file: "{window}.nc").plan
    #expect(day == (try load("windows: {length: day, watermark: 6h}\n", file: "{window}.nc").plan))
    #expect(day != (try load("windows: {length: day, before: 6h}\n", file: "{window}.nc").plan))
    // Texts that run into each other are told apart.
    #expect(ConfigValue.list(["ab", "c"]).canonical != ConfigValue.list(["a", "bc"]).canonical)
  }

  @Test func namesInStages() throws {
    let stages = "stages:\n  - rename: {names: {tas: \"{stem}\"}}\n"
    let spec = try load("", stages: stages)
    #expect(spec.faults.isEmpty && spec.itemStages == [0])
    #expect(try spec.named("tas_1").faults.isEmpty)
    #expect(try load("", file: "x.nc", stages: stages).faults.first?.cause.contains("every item") == true)
  }

  @Test func durations() {
    #expect(TimeSpan.parse("90") == 90 && TimeSpan.parse("1.5h") == 5400 && TimeSpan.parse("2d") == 172_800)
    for text in ["", "h", "-1s", "1w", "1e400", "nan", "1 h"] {
      #expect(TimeSpan.parse(text) == nil, "\(text)")
    }
    #expect(TimeSpan.text(0) == "0s" && TimeSpan.text(5400) == "1.5h" && TimeSpan.text(86400) == "1d")
  }

  @Test func periods() throws {
    func period(_ every: Double, _ offset: Double = 0) -> ScheduleFiles.Period? {
      ScheduleFiles.Period(every: every * 60, offset: offset * 60)
    }
    #expect(period(1)?.cron == "*/1 * * * *" && period(10, 3)?.cron == "3-59/10 * * * *")
    #expect(period(60, 5)?.cron == "5 * * * *" && period(360, 20)?.cron == "20 0-23/6 * * *")
    #expect(period(360, 80)?.cron == "20 1-23/6 * * *" && period(1440, 125)?.cron == "5 2 * * *")
    #expect(
      period(360, 20)?.calendar == "*-*-* 00/6:20:00 UTC" && period(10, 3)?.calendar == "*-*-* *:03/10:00 UTC"
    )
    #expect(
      period(1440, 125)?.calendar == "*-*-* 02:05:00 UTC" && period(60)?.calendar == "*-*-* *:00:00 UTC")
    for (every, offset) in [(7.0, 0.0), (0, 0), (90, 0), (2880, 0), (10, 10), (300, 0)] {
      #expect(period(every, offset) == nil)
    }
    #expect(ScheduleFiles.Period(every: 90, offset: 0) == nil)
  }

  @Test func wordsOfCommands() {
    #expect(ScheduleFiles.shellWord("/a/b.yaml") == "/a/b.yaml")
    #expect(ScheduleFiles.shellWord("it's $x") == "'it'\\''s $x'" && ScheduleFiles.shellWord("") == "''")
    #expect(ScheduleFiles.unitWord("a b%c$d\"e\\") == "\"a b%%c$$d\\\"e\\\\\"")
    let files = ScheduleFiles(
      pipeline: "a.b c", words: ["/bin/x", "50%"], ScheduleFiles.Period(every: 3600, offset: 0)!)
    #expect(
      files.baseName == "isotach-a-b-c"
        && files.cron(user: "me").text.hasSuffix("0 * * * * me /bin/x '50\\%'\n"))
    #expect(files.systemd()[0].text.contains("ExecStart=/bin/x 50%%\n"))
  }

  @Test func foldersOfPatterns() {
    #expect(Glob.fixedFolder(of: "/a/b/*.nc") == "/a/b" && Glob.fixedFolder(of: "*.nc") == ".")
    #expect(Glob.covers("p/in/*.nc", "p/./in/x.nc") && !Glob.covers("in/*.nc", "out/x.nc"))
    #expect(Glob.fixedFolder(of: "in/2*/x.nc") == "in" && Glob.fixedFolder(of: "/*.nc") == "/")
  }
}

extension ConfigValue {
  fileprivate static func list(_ texts: [String]) -> ConfigValue {
    let mark = Mark(line: 1, column: 1)
    return ConfigValue(.sequence(texts.map { ConfigValue(.scalar($0, isQuoted: false), mark) }), mark)
  }
}

@Suite struct WindowTests {
  private func spec(_ windows: String) throws -> PipelineSpec {
    let text =
      "name: x\ninputs:\n  a: {files: a.nc}\n  b: {files: b.nc}\noutputs:\n  - {input: a, file: \"{window}.nc\"}\nwindows: {\(windows)}\n"
    return try PipelineSpec.decode(Array(text.utf8), path: "p.yaml", settings: [])
  }

  /// Files of inputs `a` and `b`, each with the hours of 2026 that it holds.
  private func windows(_ keys: String, a: [[Int]], b: [[Int]]) throws -> [Item] {
    let calendar = CFCalendar.standard
    let zero = try #require(calendar.microseconds(CFDate(2026)))
    func files(_ name: String, _ hours: [[Int]]) -> [(path: String, times: FileTimes)] {
      hours.enumerated().map { index, hours in
        (
          "\(name)\(index)",
          FileTimes(calendar: calendar, ticks: hours.map { zero + Int64($0) * 3_600_000_000 })
        )
      }
    }
    return try Planner(spec(keys), RunSettings(threads: 1, memory: 1 << 30, version: "0"))
      .windows([0: files("a", a), 1: files("b", b)])
  }

  @Test func completeOrPassedBy() throws {
    let six = [[0, 6], [12, 18], [24, 30, 36, 42], [48]]
    let items = try windows("length: day, steps: 4", a: six, b: six)
    #expect(items.map(\.name) == ["2026-01-01", "2026-01-02", "2026-01-03"])
    #expect(items.map { $0.window?.openReason == nil } == [true, true, false])
    #expect(items[0].files == [0: ["a0", "a1"], 1: ["b0", "b1"]])
    // One input lags behind: its missing hours keep the day open until it has gone on.
    let late = try windows("length: day, steps: 4", a: six, b: [[0, 6, 12]])
    #expect(late[0].window?.openReason?.contains("3 of 4") == true)
    #expect(late[1].window?.openReason == "not every input has data of it")
    let passed = try windows("length: day, steps: 4", a: six, b: [[0, 6, 12], [24]])
    #expect(passed[0].window?.openReason == nil)
    let waiting = try windows("length: day, steps: 4, watermark: 12h", a: six, b: [[0, 6, 12], [24]])
    #expect(waiting[0].window?.openReason != nil)
  }

  @Test func neighbours() throws {
    let six = [[0, 6, 12, 18], [24, 30, 36, 42]]
    let items = try windows("length: day, steps: 4, before: 6h, after: 6h", a: six, b: six)
    #expect(items[0].files[0] == ["a0", "a1"] && items[1].files[0] == ["a0", "a1"])
    #expect(items[0].window?.openReason == nil && items[1].window?.openReason != nil)
  }

  @Test func lengthsAndLabels() throws {
    let calendar = CFCalendar.day360
    let tick = try #require(calendar.microseconds(CFDate(2026, 2, 30, 7, 30)))
    var labels: [String] = []
    for length in WindowSpec.Length.allCases {
      let window = try #require(length.window(of: tick, calendar))
      #expect(window.ticks <= tick && tick < window.end)
      labels.append(length.label(window.start))
    }
    #expect(labels == ["2026-02-30T07", "2026-02-30", "2026-02", "2026"])
  }
}

@Suite struct StateTests {
  @Test func theCacheKeepsWhatItWasTold() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("content", to: "x")
    // Long enough ago to be kept; the change time is now, so the first read is not.
    let cache = DigestCache(folder.path("cache"))
    let content = try cache.content(path)
    #expect(content.digest == SHA256.hexDigest(of: Array("content".utf8)))
    #expect(cache.known(path) == nil, "a file that changed a moment ago")
    usleep(2_100_000)
    _ = try cache.content(path)
    cache.setTimes(FileTimes(calendar: .day360, ticks: [-1, 5]), "k")
    cache.setReceipt("d", [path])
    cache.save()
    let again = DigestCache(folder.path("cache"))
    #expect(again.known(path) == content)
    #expect(again.times("k") == FileTimes(calendar: .day360, ticks: [-1, 5]))
    #expect(again.hasReceipt("d", [path]) && !again.hasReceipt("d", []) && !again.hasReceipt("e", [path]))
    try folder.write("CONTENT", to: "x")
    #expect(again.known(path) == nil && !again.hasReceipt("d", [path]))
    // A damaged cache is an empty one.
    let bytes = try #require(FileManager.default.contents(atPath: folder.path("cache")))
    for cut in [0, 5, bytes.count / 2, bytes.count - 2] {
      try bytes.prefix(cut).write(to: folder.url("cache"))
      #expect(DigestCache(folder.path("cache")).times("k") == nil)
    }
  }

  @Test func theBookCountsTriesOfTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let text =
      "name: x\ninputs: {a: {files: a.nc}}\noutputs: [{file: b.nc}]\nschedule: {state: \(folder.url.path), retries: 1}\n"
    let spec = try PipelineSpec.decode(Array(text.utf8), path: "p.yaml", settings: [])
    let place = StateFolder(spec)
    #expect(place.path == folder.url.path)
    var book = FailureBook(place)
    let fault = [Fault(.badData, "broken", file: "a.nc")]
    book.add("i", digest: "1", fault)
    #expect(book.entry("i", digest: "1")?.isPutAside(spec.schedule) == false)
    #expect((book.entry("i", digest: "1")?.wait(spec.schedule) ?? 0) > 590)
    book.add("i", digest: "1", fault)
    #expect((book.entry("i", digest: "1")?.wait(spec.schedule) ?? 0) > 1190)
    try book.save()
    let again = FailureBook(place)
    #expect(again.entry("i", digest: "1")?.isPutAside(spec.schedule) == true)
    #expect(again.entry("i", digest: "2") == nil && again.entry("i", digest: nil) == nil)
    book.add("i", digest: "2", fault)
    #expect(book.entry("i", digest: "2")?.tries == 1)
    // A full disk is not the item's fault.
    for _ in 0..<5 { book.add("j", digest: "1", [Fault(.cannotWrite, "full")]) }
    #expect(book.entry("j", digest: "1")?.isPutAside(spec.schedule) == false)
    book.keep(["j"])
    #expect(book.entries.keys.sorted() == ["j"])
  }

  @Test func oneHoldsTheLock() throws {
    let folder = try TemporaryFolder()
    let text =
      "name: x\ninputs: {a: {files: a.nc}}\noutputs: [{file: b.nc}]\nschedule: {state: \(folder.path("s"))}\n"
    let place = StateFolder(try PipelineSpec.decode(Array(text.utf8), path: "p.yaml", settings: []))
    func busy(_ shard: (Int, Int)?) -> Fault? {
      do throws(Fault) { _ = try PipelineLock(place, shard: shard); return nil } catch { return error }
    }
    var lock: PipelineLock? = try PipelineLock(place, shard: nil)
    #expect(busy(nil)?.code == .busy && busy(nil)?.cause.contains("process \(getpid()) on") == true)
    #expect(busy((0, 2))?.code == .busy)
    #expect(PipelineLock.currentHolder(place)?.pid == Int(getpid()))
    withExtendedLifetime(lock) {}
    lock = nil
    lock = try PipelineLock(place, shard: (0, 2))
    #expect(busy(nil)?.code == .busy && busy((0, 2))?.code == .busy && busy((1, 2)) == nil)
    withExtendedLifetime(lock) {}
  }

  @Test func metricsAreOfThisForm() throws {
    var record = RunRecord()
    (record.end, record.code, record.lastSuccess) = (10, 2, 5)
    record.counts = [("done", 3)]
    record.classes = [ClassCount("ar", value: 1, meaning: "river", count: 9)]
    let text = Metrics.text("a\"b\\", record, lag: 1.5)
    #expect(text.contains("isotach_items{pipeline=\"a\\\"b\\\\\",state=\"done\"} 3\n"))
    #expect(text.contains("subject=\"ar\",class=\"river\"} 9\n") && text.contains("_lag_seconds{"))
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      #expect(line.contains("} ") && line.split(separator: " ").count == 2, "\(line)")
    }
    let copy = try #require(try JSONValue.parse(record.json.text)["classes"]?.array?.first)
    #expect(ClassCount(copy) == record.classes[0])
  }
}
