import Dispatch
import Synchronization

/// Asynchronous work for those who cannot wait asynchronously: it runs on a thread of its own, so that waiting for it
/// takes no thread from anybody whom it needs.
package enum OwnThread {
  private static let executor = Executor()

  /// Runs `body` on that thread and waits for its result. Bodies wait for one another: none may call this itself.
  package static func run<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) -> Result? {
    let done = DispatchSemaphore(value: 0)
    let box = Box<Result>()
    Task.detached(executorPreference: executor) {
      let result = await body()
      box.result.withLock { $0 = result }
      done.signal()
    }
    done.wait()
    return box.result.withLock { $0 }
  }

  private final class Box<Result: Sendable>: Sendable {
    let result = Mutex<Result?>(nil)
  }

  private final class Executor: TaskExecutor {
    private let queue = JobQueue()
    init() {
      queue.start(threads: 1, stackBytes: 1 << 20) { [self] job in
        job.runSynchronously(on: asUnownedTaskExecutor())
      }
    }
    func enqueue(_ job: consuming ExecutorJob) { queue.enqueue(job) }
  }
}
