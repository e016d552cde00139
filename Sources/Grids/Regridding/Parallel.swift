import Dispatch
import Synchronization

/// Work over index ranges on all cores; the results come in the order of the ranges whatever ran first.
enum Parallel {
  static func map<Part: Sendable>(
    _ count: Int, chunk: Int, _ body: @Sendable (Range<Int>) -> Part
  ) -> [Part] {
    let parts = count == 0 ? 0 : (count - 1) / chunk + 1
    if parts <= 1 { return parts == 0 ? [] : [body(0..<count)] }
    let results = Mutex([Part?](repeating: nil, count: parts))
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      let value = body(part * chunk..<min(count, (part + 1) * chunk))
      results.withLock { $0[part] = value }
    }
    return results.withLock { $0.compactMap { $0 } }
  }
}
