import Basics
import GridFiles
import Grids
import Stages

/// What is to be done: the items of a pipeline, each with its state. The published outputs say what has been done; of
/// an item whose outputs all bear the digest of what is there now nothing is left to do.
struct Survey: Sendable {
  enum State: Sendable {
    case upToDate
    /// There is no output yet.
    case new
    /// There is one, made from other inputs, another plan or another model.
    case changed
    /// Seconds until it can have arrived, and why it has not.
    case arriving(Double, String)
    /// A window that is not closed yet, with the reason.
    case open(String)
    /// It failed; seconds until it is tried again.
    case failed(FailureBook.Entry, wait: Double)
    case putAside(FailureBook.Entry)

    /// As `status` and the metrics name it.
    var name: String {
      switch self {
      case .upToDate: "done"
      case .new: "new"
      case .changed: "changed"
      case .arriving: "arriving"
      case .open: "open"
      case .failed: "failed"
      case .putAside: "quarantined"
      }
    }
    static let names = ["done", "new", "changed", "arriving", "open", "failed", "quarantined"]
  }

  let planner: Planner
  let cache: DigestCache
  let digests: Digests
  let settling: Settling

  init(_ planner: Planner, cache: DigestCache) {
    (self.planner, self.cache) = (planner, cache)
    digests = Digests(planner, cache: cache)
    settling = Settling(cache: cache, settle: planner.spec.schedule.settle)
  }

  /// The items, and files that could not be opened to see of what time they are.
  struct Found: Sendable {
    var items: [Item] = []
    var unreadable: [(path: String, faults: [Fault])] = []
  }

  func find() async throws(Faults) -> Found {
    guard planner.spec.faults.isEmpty, planner.spec.hasItems else { return Found(items: [.whole]) }
    guard planner.spec.windows != nil else {
      return Found(items: try planner.fileItems(mayBeEmpty: true))
    }
    var found = Found()
    var files: [Int: [(path: String, times: FileTimes)]] = [:]
    for (input, paths) in try planner.windowedFiles(mayBeEmpty: true) {
      for path in paths {
        // A file that still arrives has no time yet.
        if case .arriving = settling.state(path) {
          found.unreadable.append((path, []))
          continue
        }
        do throws(Faults) {
          files[input, default: []].append((path, try await times(path, input)))
        } catch {
          found.unreadable.append((path, error.list))
        }
      }
    }
    // A file in another calendar than the others is a bad file, not the end of all.
    let calendars = Dictionary(grouping: files.values.joined().map(\.times.calendar)) { $0 }.mapValues(
      \.count)
    if let usual = calendars.max(by: { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) })?.key,
      calendars.count > 1
    {
      for (input, list) in files {
        for file in list where file.times.calendar != usual {
          let cause =
            "its calendar is \(file.times.calendar.rawValue), that of the other files \(usual.rawValue)"
          found.unreadable.append((file.path, [Fault(.badData, cause, file: file.path)]))
        }
        files[input] = list.filter { $0.times.calendar == usual }
      }
    }
    found.items = try planner.windows(files)
    return found
  }

  private func times(_ path: String, _ input: Int) async throws(Faults) -> FileTimes {
    let content: FileContent
    do throws(FileError) { content = try cache.content(path) } catch { throw Faults(Fault(error)) }
    let key =
      content.digest + "/" + SHA256.hexDigest(of: Array(planner.spec.inputs[input].name.utf8)).prefix(8)
      + planner.spec.planDigest
    if let times = cache.times(key) { return times }
    let times = try await planner.times(of: path, input: input)
    if FileStamp(ofFileAt: path) == content.stamp { cache.setTimes(times, key) }
    return times
  }

  /// Reads files whose digest is not known where the state depends on it.
  func state(_ item: Item, _ book: FailureBook) async throws(Faults) -> State {
    let paths = planner.outputPaths(item)
    var origins: [DigestCache.Origin?] = []
    for path in paths where !Self.isText(path) { origins.append(await cache.origin(of: path)) }
    let texts = paths.filter(Self.isText)
    let hasEffects = planner.spec.stages.contains { type(of: $0.stage).declaration.hasEffect }
    let mayBeDone =
      !origins.contains { $0 == nil } && texts.allSatisfy(Glob.exists) && (!paths.isEmpty || hasEffects)
    let isKnownFailure = book.entries[item.name] != nil
    let unmade: State = paths.contains(where: Glob.exists) ? .changed : .new
    if mayBeDone || isKnownFailure {
      if let arriving = arriving(item) { return arriving }
      let digest: ItemDigest?
      do throws(Faults) {
        digest = item.fault == nil ? try await digests.of(item) : nil
      } catch {
        // Found again, and told, when the item is made.
        digest = nil
      }
      if mayBeDone, let digest, await isDone(item, digest, origins, texts, hasEffects) { return .upToDate }
      if let entry = book.entry(item.name, digest: digest?.text ?? "") {
        if entry.isPutAside(planner.spec.schedule) { return .putAside(entry) }
        let wait = entry.wait(planner.spec.schedule)
        if wait > 0 { return .failed(entry, wait: wait) }
      }
    }
    if let reason = item.window?.openReason { return .open(reason) }
    return arriving(item) ?? unmade
  }

  /// A list as text: it has no place for a digest.
  private static func isText(_ path: String) -> Bool {
    ["csv", "geojson", "txt"].contains(path.split(separator: ".").last?.lowercased() ?? "")
  }

  /// The state of an item of which a file is still arriving.
  func arriving(_ item: Item) -> State? {
    var longest: (Double, String)?
    for path in item.ownFiles {
      if case .arriving(let wait, let reason) = settling.state(path), wait >= longest?.0 ?? 0 {
        longest = (wait, "\(path): \(reason)")
      }
    }
    return longest.map { .arriving($0.0, $0.1) }
  }

  private func isDone(
    _ item: Item, _ digest: ItemDigest, _ origins: [DigestCache.Origin?], _ texts: [String],
    _ hasEffects: Bool
  ) async -> Bool {
    for origin in origins {
      guard let origin else { return false }
      if origin.digest == digest.text { continue }
      // Inputs that were taken away after a window was made are no reason to make it again without them.
      let (now, then) = (Set(digest.inputs), Set(origin.inputs))
      guard item.window != nil, !origin.inputs.isEmpty, now.isStrictSubset(of: then) else { return false }
    }
    // Files that cannot say what they were made from must be those that were written then.
    guard hasEffects else { return texts.isEmpty || cache.hasReceipt(digest.text, texts) }
    guard let plan = try? await planner.plan(item) else { return false }
    let receipt = cache.hasReceipt(digest.text, plan.mutelyWritten)
    await planner.forget(item)
    return receipt
  }
}

extension PipelineSpec {
  /// The first digits of a digest of what the text says.
  var planDigest: String { String(SHA256.hexDigest(of: Array(plan.utf8)).prefix(8)) }
}
