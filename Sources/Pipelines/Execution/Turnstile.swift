/// Lets tasks pass in the order of their numbers: first into memory, later to the file. A task is let in when
/// all before it are in and its memory is free (one alone is let in always), so the lowest number that is not
/// done can always go on.
actor Turnstile {
  private let capacity: Int
  private var used = 0
  private var nextIn = 0
  private var nextOut = 0
  private var isBroken = false
  private var waitingIn: [Int: (bytes: Int, continuation: CheckedContinuation<Void, any Error>)] = [:]
  private var waitingOut: [Int: CheckedContinuation<Void, any Error>] = [:]

  init(capacity: Int) { self.capacity = capacity }

  func enter(_ index: Int, bytes: Int) async throws {
    if isBroken { throw CancellationError() }
    if index == nextIn, used == 0 || used + bytes <= capacity {
      admit(bytes)
      return
    }
    try await withCheckedThrowingContinuation { waitingIn[index] = (bytes, $0) }
  }

  /// Returns when all tasks before have left.
  func turn(_ index: Int) async throws {
    if isBroken { throw CancellationError() }
    if index == nextOut { return }
    try await withCheckedThrowingContinuation { waitingOut[index] = $0 }
  }

  func leave(_ index: Int, bytes: Int) {
    used -= bytes
    nextOut = max(nextOut, index + 1)
    waitingOut.removeValue(forKey: nextOut)?.resume()
    admitNext()
  }

  /// Frees the memory of a task that is done in any order.
  func release(bytes: Int) {
    used -= bytes
    admitNext()
  }

  /// Sends all away: one task has failed.
  func breakDown() {
    isBroken = true
    for (_, waiting) in waitingIn { waiting.continuation.resume(throwing: CancellationError()) }
    for (_, continuation) in waitingOut { continuation.resume(throwing: CancellationError()) }
    waitingIn = [:]
    waitingOut = [:]
  }

  private func admit(_ bytes: Int) {
    used += bytes
    nextIn += 1
    admitNext()
  }

  private func admitNext() {
    guard let waiting = waitingIn[nextIn], used == 0 || used + waiting.bytes <= capacity else { return }
    waitingIn[nextIn] = nil
    waiting.continuation.resume()
    admit(waiting.bytes)
  }
}
