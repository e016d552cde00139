import Basics
import GridFiles
import Grids
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// What earlier runs learned by reading files, kept by the stamp of the file: digests of inputs, what outputs say that
/// they were made from, times. It saves work and nothing else: an entry holds only for a file whose device, inode,
/// size, modification and change times are those it had when it was read, and a cache that is lost or damaged is made
/// anew by reading.
final class DigestCache: Sendable {
  /// What an output says of what it was made from.
  struct Origin: Sendable, Hashable {
    let digest: String
    let inputs: [String]
  }
  /// Since when a file that may still be arriving has been left alone, by the clock that only goes on.
  struct Watch: Sendable, Hashable {
    let boot: String
    let uptime: Double
  }

  fileprivate struct Entries {
    var contents: [FileStamp: String] = [:]
    var origins: [FileStamp: Origin] = [:]
    var watches: [FileStamp: Watch] = [:]
    /// By digest of the file's content and name of the input.
    var times: [String: FileTimes] = [:]
    /// By digest of the item: files that its stages wrote, each by the digests of path and content.
    var receipts: [String: [String: String]] = [:]
  }
  private struct State {
    var known = Entries()
    /// What this run asked for or learned: that alone is written, so nothing stays that nobody needs.
    var used = Entries()
    var isChanged = false
    var saved = Uptime.seconds
  }
  private let state = Mutex(State())
  private let path: String?

  /// - Parameters:
  ///   - path: nil: nothing is kept.
  ///   - forgets: start without what was kept.
  init(_ path: String?, forgets: Bool = false) {
    self.path = path
    guard let path, !forgets, let bytes = try? readSmallFile(path, limit: 1 << 28) else { return }
    let known = Self.parse(bytes)
    state.withLock { $0.known = known }
  }

  // MARK: What it knows

  /// The content of a file: what is known for its stamp, else read from its first byte to its last.
  func content(_ path: String) throws(FileError) -> FileContent {
    if let content = known(path) { return content }
    let content = try FileContent.read(path)
    keep(content.stamp) { $0.contents[content.stamp] = content.digest }
    return content
  }

  /// Without reading.
  func known(_ path: String) -> FileContent? {
    guard let stamp = FileStamp(ofFileAt: path) else { return nil }
    return state.withLock { state in
      guard let digest = state.used.contents[stamp] ?? state.known.contents[stamp] else { return nil }
      state.used.contents[stamp] = digest
      return FileContent(stamp: stamp, digest: digest)
    }
  }

  /// What an output says that it was made from; nil when there is no such file, or none of ours that is whole.
  func origin(of path: String) async -> Origin? {
    guard let stamp = FileStamp(ofFileAt: path) else { return nil }
    let known = state.withLock { state -> Origin? in
      guard let origin = state.used.origins[stamp] ?? state.known.origins[stamp] else { return nil }
      state.used.origins[stamp] = origin
      return origin
    }
    if let known { return known }
    guard let file = try? await SourceFile.open(path),
      let digest = file.header.root.attributes[ItemDigest.attribute]?.text, digest.isDigest,
      FileStamp(ofFileAt: path) == stamp
    else { return nil }
    let inputs = file.header.root.attributes[ItemDigest.inputsAttribute]?.text ?? ""
    let origin = Origin(digest: digest, inputs: inputs.split(separator: " ").map(String.init))
    keep(stamp) { $0.origins[stamp] = origin }
    return origin
  }

  func times(_ key: String) -> FileTimes? {
    state.withLock { state in
      guard let times = state.used.times[key] ?? state.known.times[key] else { return nil }
      state.used.times[key] = times
      return times
    }
  }

  func setTimes(_ times: FileTimes, _ key: String) {
    // A file with more is opened again: the cache shall stay small.
    guard times.ticks.count <= 4096 else { return }
    state.withLock {
      $0.used.times[key] = times; $0.isChanged = true
    }
  }

  /// Since when a file has had this stamp, as far as runs have looked; begins to watch it.
  func watch(_ stamp: FileStamp) -> Watch {
    let now = Watch(boot: Uptime.boot, uptime: Uptime.seconds)
    return state.withLock { state in
      if let watch = state.used.watches[stamp] ?? state.known.watches[stamp], watch.boot == now.boot,
        watch.uptime <= now.uptime
      {
        state.used.watches[stamp] = watch
        return watch
      }
      state.used.watches[stamp] = now
      state.isChanged = true
      return now
    }
  }

  /// True when the files are those that the stages wrote when they made the item.
  func hasReceipt(_ digest: String, _ paths: [String]) -> Bool {
    let receipt = state.withLock { state -> [String: String]? in
      guard let receipt = state.used.receipts[digest] ?? state.known.receipts[digest] else { return nil }
      state.used.receipts[digest] = receipt
      return receipt
    }
    guard let receipt, receipt.count == paths.count else { return false }
    return paths.allSatisfy { path in
      (try? content(path))?.digest == receipt[SHA256.hexDigest(of: Array(path.utf8))]
    }
  }

  func setReceipt(_ digest: String, _ paths: [String]) {
    var receipt: [String: String] = [:]
    for path in paths {
      receipt[SHA256.hexDigest(of: Array(path.utf8))] = (try? content(path))?.digest ?? "missing"
    }
    state.withLock { [receipt] in
      $0.used.receipts[digest] = receipt; $0.isChanged = true
    }
  }

  /// Not kept of a file that changed a moment ago, or in the future: its next change could leave it the same stamp.
  private func keep(_ stamp: FileStamp, _ body: (inout Entries) -> Void) {
    guard stamp.age(at: Uptime.clock) >= 2 else { return }
    state.withLock { state in
      body(&state.used)
      state.isChanged = true
    }
  }

  // MARK: The file

  /// Writes what this run used. That it cannot be written is no fault: the next run reads the files again.
  func save() { save { $0.used } }

  /// In a long run, so that little is lost when it is killed: what earlier runs knew stays.
  func saveNowAndThen() {
    let isDue = state.withLock { state in
      guard Uptime.seconds - state.saved > 10 else { return false }
      state.saved = Uptime.seconds
      return true
    }
    if isDue { save { $0.used.merging($0.known) } }
  }

  private func save(_ entries: (State) -> Entries) {
    guard let path else { return }
    let text = state.withLock { state -> String? in
      guard state.isChanged || state.used.count != state.known.count else { return nil }
      return Self.text(entries(state))
    }
    if let text { try? StateFolder.write(Array(text.utf8), to: path) }
  }

  private static let title = "isotach cache 1"

  private static func text(_ entries: Entries) -> String {
    var text = title + "\n"
    func stamp(_ stamp: FileStamp) -> String {
      "\(stamp.device) \(stamp.inode) \(stamp.size) \(stamp.modifiedNanoseconds) \(stamp.changedNanoseconds)"
    }
    for (key, digest) in entries.contents { text += "c \(stamp(key)) \(digest)\n" }
    for (key, origin) in entries.origins {
      text += "o \(stamp(key)) \(origin.digest)" + origin.inputs.map { " " + $0 }.joined() + "\n"
    }
    for (key, watch) in entries.watches { text += "w \(stamp(key)) \(watch.boot) \(watch.uptime)\n" }
    for (key, times) in entries.times {
      text += "t \(key) \(times.calendar.rawValue)" + times.ticks.map { " \($0)" }.joined() + "\n"
    }
    for (key, receipt) in entries.receipts {
      text += "r \(key)" + receipt.map { " \($0.key) \($0.value)" }.joined() + "\n"
    }
    return text + "end\n"
  }

  /// Nothing when a byte is not as it should be.
  private static func parse(_ bytes: [UInt8]) -> Entries {
    var entries = Entries()
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard lines.first.map({ Array($0) == Array(title.utf8) }) == true,
      lines.last.map({ Array($0) == Array("end".utf8) }) == true
    else { return entries }
    for line in lines.dropFirst().dropLast() {
      let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
      guard let kind = words.first, entries.take(kind, Array(words.dropFirst())) else { return Entries() }
    }
    return entries
  }
}

extension DigestCache.Entries {
  func merging(_ older: Self) -> Self {
    var result = self
    result.contents.merge(older.contents) { new, _ in new }
    result.origins.merge(older.origins) { new, _ in new }
    result.watches.merge(older.watches) { new, _ in new }
    result.times.merge(older.times) { new, _ in new }
    result.receipts.merge(older.receipts) { new, _ in new }
    return result
  }

  var count: Int { contents.count + origins.count + watches.count + times.count + receipts.count }

  /// False when the words are no entry.
  mutating func take(_ kind: String, _ words: [String]) -> Bool {
    switch kind {
    case "c", "o", "w":
      guard words.count >= 6, let device = UInt64(words[0]), let inode = UInt64(words[1]),
        let size = Int64(words[2]), let modified = Int64(words[3]), let changed = Int64(words[4])
      else { return false }
      let stamp = FileStamp(
        device: device, inode: inode, size: size, modifiedNanoseconds: modified, changedNanoseconds: changed)
      if kind == "w" {
        guard words.count == 7, let uptime = Double(words[6]) else { return false }
        watches[stamp] = .init(boot: words[5], uptime: uptime)
        return true
      }
      guard words[5].isDigest else { return false }
      if kind == "c" {
        contents[stamp] = words[5]
      } else {
        origins[stamp] = .init(digest: words[5], inputs: Array(words.dropFirst(6)))
      }
      return true
    case "t":
      guard words.count >= 2, let calendar = CFCalendar(rawValue: words[1]) else { return false }
      let ticks = words.dropFirst(2).compactMap { Int64($0) }
      guard ticks.count == words.count - 2 else { return false }
      times[words[0]] = FileTimes(calendar: calendar, ticks: ticks)
      return true
    case "r":
      guard words.count % 2 == 1 else { return false }
      var receipt: [String: String] = [:]
      for index in stride(from: 1, to: words.count, by: 2) { receipt[words[index]] = words[index + 1] }
      receipts[words[0]] = receipt
      return true
    default: return false
    }
  }
}

extension String {
  /// True for 64 hexadecimal digits.
  var isDigest: Bool {
    utf8.count == 64
      && utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }
}

/// Clocks.
enum Uptime {
  /// Seconds since the machine was started: nobody sets it, whatever happens to the clock on the wall.
  static var seconds: Double {
    guard let bytes = try? readProcess("/proc/uptime"),
      let word = String(decoding: bytes, as: UTF8.self).split(separator: " ").first, let value = Double(word)
    else {
      var time = timespec()
      unsafe clock_gettime(CLOCK_MONOTONIC, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    return value
  }

  /// Names this start of the machine.
  static let boot: String = {
    let bytes = (try? readProcess("/proc/sys/kernel/random/boot_id")) ?? []
    let text = String(decoding: bytes, as: UTF8.self).filter { $0.isHexDigit || $0 == "-" }
    return text.isEmpty ? "-" : text
  }()

  /// In short steps, none of which depends on a clock that somebody could set.
  static func sleep(_ duration: Double) async throws(CancellationError) {
    let end = seconds + duration
    while seconds < end {
      if Task.isCancelled { throw CancellationError() }
      usleep(20_000)
    }
  }

  /// Seconds since 1970, by the clock on the wall.
  static var clock: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func readProcess(_ path: String) throws(FileError) -> [UInt8] {
    try readSmallFile(path, limit: 4096)
  }
}
