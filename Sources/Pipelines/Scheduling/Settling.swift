import Basics
import GridFiles

/// Whether files have arrived whole. A file has settled when nothing has changed it for the time that the schedule
/// says. How long that is, tells the clock on the wall as long as it makes sense, or else the time since an earlier look
/// found the same stamp, by a clock that nobody sets. Time alone makes no file good: it is then read to its end, its
/// header must agree with its size, and it must not change until the output is published.
struct Settling: Sendable {
  let cache: DigestCache
  /// Seconds.
  let settle: Double

  enum State: Sendable, Hashable {
    case settled
    /// Seconds until it can have settled, and why it has not.
    case arriving(Double, String)
  }

  func state(_ path: String) -> State {
    guard settle > 0, cache.known(path) == nil, let stamp = FileStamp(ofFileAt: path) else { return .settled }
    let watched = quiet(stamp)
    if FileContent.isHeldByWriter(path) == true {
      // Somebody who never closes it must not keep it for ever.
      guard watched < 10 * settle else { return .settled }
      return .arriving(10 * settle - watched, "a program has it open for writing")
    }
    let age = stamp.age(at: Uptime.clock)
    // A file of the future says that one of the clocks is wrong: only our own looks count.
    if age >= settle || watched >= settle { return .settled }
    let left = settle - max(watched, age)
    return .arriving(min(left, settle), "it changed \(TimeSpan.text(age)) ago")
  }

  /// A file that cannot be read may be one that still arrives, when it is young.
  func isYoung(_ path: String) -> Bool {
    guard settle > 0, let stamp = FileStamp(ofFileAt: path) else { return false }
    let age = stamp.age(at: Uptime.clock)
    return quiet(stamp) < 10 * settle && age < 10 * settle
  }

  /// Seconds since the first look that found this stamp.
  private func quiet(_ stamp: FileStamp) -> Double {
    let watch = cache.watch(stamp)
    return max(0, Uptime.seconds - watch.uptime)
  }
}
