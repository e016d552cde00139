#if canImport(Glibc)
  import Glibc
#endif

/// So many threads as were asked for, on which the tasks of a run compute.
final class WorkerPool: TaskExecutor, @unchecked Sendable {
  // Guarded by `mutex`.
  private var jobs: [UnownedJob] = []
  private var next = 0
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// The threads live as long as the process.
  init(threads: Int) {
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
    for _ in 0..<max(1, threads) {
      var thread = pthread_t()
      var attributes = pthread_attr_t()
      unsafe pthread_attr_init(&attributes)
      unsafe pthread_attr_setstacksize(&attributes, 4 << 20)
      let context = unsafe Unmanaged.passRetained(self).toOpaque()
      let status = unsafe pthread_create(
        &thread, &attributes,
        { context in
          guard let context = unsafe context else { return nil }
          unsafe Unmanaged<WorkerPool>.fromOpaque(context).takeUnretainedValue().run()
          return nil
        }, context)
      precondition(status == 0, "the system allows no further thread")
      pthread_detach(thread)
    }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    unsafe pthread_mutex_lock(mutex)
    jobs.append(job)
    unsafe pthread_cond_signal(condition)
    unsafe pthread_mutex_unlock(mutex)
  }

  private func run() {
    while true {
      unsafe pthread_mutex_lock(mutex)
      while next == jobs.count { unsafe pthread_cond_wait(condition, mutex) }
      let job = jobs[next]
      next += 1
      if next == jobs.count {
        jobs.removeAll(keepingCapacity: true)
        next = 0
      }
      unsafe pthread_mutex_unlock(mutex)
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }
}
