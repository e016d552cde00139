import Basics
import GridFiles

/// So many threads as were asked for, on which the tasks of a run compute.
final class WorkerPool: TaskExecutor {
  private let queue = JobQueue()

  /// The threads live as long as the process.
  init(threads: Int) {
    queue.start(threads: threads, stackBytes: 4 << 20) { [self] job in
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }

  func enqueue(_ job: consuming ExecutorJob) { queue.enqueue(job) }
}
