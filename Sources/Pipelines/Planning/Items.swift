import GridFiles
import Grids
import Stages

/// A stretch of time that is an item of its own.
struct TimeWindow: Sendable, Hashable {
  /// In microseconds since day 0 of the calendar; the end is not part of it.
  let start: Int64
  let end: Int64
  /// What its stages see.
  let seen: Range<Int64>
  let calendar: CFCalendar
  /// Steps of the input with the fewest.
  let steps: Int
  /// Why it is not made yet; nil when it is complete, or when the data have gone on far enough.
  let openReason: String?
}

/// The instants of a file, in the order of its steps.
struct FileTimes: Sendable, Hashable {
  let calendar: CFCalendar
  /// Microseconds since day 0 of the calendar.
  let ticks: [Int64]
}

/// The items of a pipeline.
extension Planner {
  /// The items in the order of their files, or of their windows: one, when no output has `{stem}` or `{window}`.
  public func items() async throws(Faults) -> [Item] {
    guard spec.faults.isEmpty, spec.hasItems else { return [.whole] }
    if spec.windows != nil {
      var files: [Int: [(path: String, times: FileTimes)]] = [:]
      for (input, paths) in try windowedFiles(mayBeEmpty: false) {
        for path in paths {
          files[input, default: []].append((path, try await times(of: path, input: input)))
        }
      }
      return try windows(files).filter { $0.window?.steps != 0 }
    }
    let items = try fileItems(mayBeEmpty: false)
    let faults = items.compactMap(\.fault)
    guard faults.isEmpty else { throw Faults(faults) }
    return items
  }

  /// An item for each file of the first input that is not static. Of files with one stem all but the first have a
  /// fault.
  func fileItems(mayBeEmpty: Bool) throws(Faults) -> [Item] {
    guard let input = spec.itemInput else { return [.whole] }
    var seen: [String: String] = [:]
    var items: [Item] = []
    for path in try InputOpening.expand(spec.inputs[input], of: spec, mayBeEmpty: mayBeEmpty) {
      let stem = Self.stem(path)
      var item = Item(stem: stem, files: [input: [path]])
      if let other = seen[stem] {
        item.fault = Fault(
          .badPipeline, "two input files have the stem `\(stem)`: their outputs would be one file",
          pipeline: spec.path, at: spec.inputs[input].mark, stage: spec.inputs[input].name, file: path,
          remedy: "the other is \(other)")
      } else {
        seen[stem] = path
      }
      items.append(item)
    }
    return items
  }

  static func stem(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// Lets go of the files that are the item's own.
  func forget(_ item: Item) async { for path in item.ownFiles { await cache.forget(path) } }

  // MARK: windows

  /// The files of every input that is not static, by number of the input.
  func windowedFiles(mayBeEmpty: Bool) throws(Faults) -> [(input: Int, paths: [String])] {
    var result: [(input: Int, paths: [String])] = []
    for index in spec.inputs.indices where !spec.inputs[index].isStatic {
      result.append((index, try InputOpening.expand(spec.inputs[index], of: spec, mayBeEmpty: mayBeEmpty)))
    }
    return result
  }

  /// Opens a file and reads its time axis.
  func times(of path: String, input index: Int) async throws(Faults) -> FileTimes {
    let input = spec.inputs[index]
    let opened: OpenedInput
    do throws(Faults) {
      opened = try await InputOpening(spec: spec, input: input, cache: cache).open([path])
    } catch {
      await cache.forget(path)
      throw error
    }
    await cache.forget(path)
    guard let time = opened.source.output.time else {
      throw Faults(
        Fault(
          .badPipeline, "the file has no time axis, and `windows` are stretches of time", pipeline: spec.path,
          at: input.mark, stage: input.name, file: path,
          remedy: "say `static: true` when it holds for all times"))
    }
    do throws(GridError) {
      return FileTimes(calendar: time.calendar, ticks: try time.representativeTicks())
    } catch {
      throw Faults(
        Fault(error, pipeline: spec.path, at: input.mark, stage: input.name, file: path, code: .badData))
    }
  }

  /// The windows in which there are data of every input.
  func windows(_ files: [Int: [(path: String, times: FileTimes)]]) throws(Faults) -> [Item] {
    guard let windows = spec.windows, let first = files.values.joined().first else { return [] }
    let calendar = first.times.calendar
    for file in files.values.joined() where file.times.calendar != calendar {
      throw Faults(
        Fault(
          .badData,
          "two calendars: \(file.times.calendar.rawValue), while \(first.path) has \(calendar.rawValue)",
          pipeline: spec.path, at: windows.mark, stage: "windows", file: file.path))
    }
    let inputs = spec.inputs.indices.filter { !spec.inputs[$0].isStatic }
    let steps = inputs.map { StepIndex(files[$0] ?? []) }
    let newest = steps.map { $0.newest ?? .min }.min() ?? .min
    var starts: [Int64: (start: CFDate, end: Int64)] = [:]
    var last: (start: Int64, end: Int64)?
    for tick in steps.lazy.flatMap(\.steps).map(\.tick) {
      if let last, tick >= last.start, tick < last.end { continue }
      guard let window = windows.length.window(of: tick, calendar) else { continue }
      starts[window.ticks] = (window.start, window.end)
      last = (window.ticks, window.end)
    }
    let (before, after) = (Self.microseconds(windows.before), Self.microseconds(windows.after))
    let watermark = Self.microseconds(windows.watermark)
    var items: [Item] = []
    for (start, (date, end)) in starts.sorted(by: { $0.key < $1.key }) {
      let seen = start - before..<end + after
      var own: [Int: [String]] = [:]
      var (count, beyond) = (Int.max, true)
      for (input, index) in zip(inputs, steps) {
        let part = index.steps(in: seen)
        var order: [Int] = []
        for step in part where !order.contains(step.file) { order.append(step.file) }
        own[input] = order.map { index.paths[$0] }
        count = min(count, part.count { $0.tick >= start && $0.tick < end })
        beyond = beyond && part.contains { $0.tick >= end }
      }
      var openReason: String?
      if count == 0 {
        openReason = "not every input has data of it"
      } else if let wanted = windows.steps, count >= wanted, after == 0 || beyond {
      } else if newest < end + max(after, watermark) {
        let have = windows.steps.map { "\(count) of \($0) times are there" } ?? "\(count) times are there"
        openReason =
          "\(have), and the data do not go on \(TimeSpan.text(Double(max(after, watermark)) / 1e6)) beyond it"
      }
      let window = TimeWindow(
        start: start, end: end, seen: seen, calendar: calendar, steps: count, openReason: openReason)
      items.append(Item(stem: windows.length.label(date), files: own, window: window))
    }
    return items
  }

  private static func microseconds(_ seconds: Double) -> Int64 {
    Int64(exactly: (seconds * 1e6).rounded()) ?? 0
  }
}

/// The steps of an input's files in the order of time.
private struct StepIndex {
  let paths: [String]
  let steps: [(tick: Int64, file: Int)]

  init(_ files: [(path: String, times: FileTimes)]) {
    paths = files.map(\.path)
    steps = files.indices.flatMap { file in files[file].times.ticks.map { (tick: $0, file: file) } }
      .sorted { ($0.tick, $0.file) < ($1.tick, $1.file) }
  }

  var newest: Int64? { steps.last?.tick }

  func steps(in range: Range<Int64>) -> ArraySlice<(tick: Int64, file: Int)> {
    let first = place(range.lowerBound)
    return steps[first..<max(first, place(range.upperBound))]
  }

  /// The first step that is not before an instant.
  private func place(_ tick: Int64) -> Int {
    var (low, high) = (0, steps.count)
    while low < high {
      let middle = low + (high - low) / 2
      if steps[middle].tick < tick { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension WindowSpec.Length {
  /// The window in which an instant lies; nil beyond the calendar.
  func window(of tick: Int64, _ calendar: CFCalendar) -> (ticks: Int64, start: CFDate, end: Int64)? {
    guard let date = calendar.date(microseconds: tick) else { return nil }
    let start: CFDate
    let end: CFDate?
    switch self {
    case .hour:
      start = CFDate(date.year, date.month, date.day, date.hour)
      end = calendar.microseconds(start).flatMap { calendar.date(microseconds: $0 + 3_600_000_000) }
    case .day: (start, end) = (date.startOfDay, calendar.adding(days: 1, to: date.startOfDay))
    case .month: (start, end) = (date.startOfMonth, calendar.adding(months: 1, to: date.startOfMonth))
    case .year: (start, end) = (date.startOfYear, calendar.adding(months: 12, to: date.startOfYear))
    }
    guard let end, let first = calendar.microseconds(start), let last = calendar.microseconds(end) else {
      return nil
    }
    return (first, start, last)
  }

  /// `2026-01-05T06`, `2026-01-05`, `2026-01`, `2026`.
  func label(_ start: CFDate) -> String {
    let day = start.isoDate
    switch self {
    case .hour: return day + "T" + (start.hour < 10 ? "0" : "") + "\(start.hour)"
    case .day: return day
    case .month: return String(day.dropLast(3))
    case .year: return String(day.dropLast(6))
    }
  }
}

extension TimeAxis {
  /// The instants by which steps are put into windows: the middle of the bounds, else the value.
  func representativeTicks() throws(GridError) -> [Int64] {
    var ticks: [Int64] = []
    for date in try representativeDates() {
      guard let tick = calendar.microseconds(date) else {
        throw GridError("\(date) is not in the calendar `\(calendar.rawValue)`", subject: name)
      }
      ticks.append(tick)
    }
    return ticks
  }
}

extension FileSource {
  /// What the stages of a window see of an input.
  fileprivate func part(_ window: TimeWindow, _ time: TimeAxis) throws(GridError) -> FileSource {
    let ticks = try time.representativeTicks()
    let first = ticks.firstIndex { $0 >= window.seen.lowerBound } ?? ticks.count
    let end = ticks.firstIndex { $0 >= window.seen.upperBound } ?? ticks.count
    return cut(to: first..<max(first, end))
  }

  func cut(to window: TimeWindow?, of input: PipelineSpec.Input, in spec: PipelineSpec) throws(Faults)
    -> FileSource
  {
    guard let window, !input.isStatic, let time = output.time else { return self }
    do throws(GridError) {
      return try part(window, time)
    } catch {
      throw Faults(Fault(error, pipeline: spec.path, at: input.mark, stage: input.name, code: .badData))
    }
  }
}

extension TimeWindow {
  /// Of a result the steps that lie in the window; nil when all do, or when it has no time.
  func keptSteps(of description: Description) throws(GridError) -> [Int]? {
    guard seen != start..<end, let time = description.time, time.calendar == calendar, !time.isClimatology
    else {
      return nil
    }
    let ticks = try time.representativeTicks()
    let kept = ticks.indices.filter { ticks[$0] >= start && ticks[$0] < end }
    return kept.count == ticks.count ? nil : kept
  }
}
