#if canImport(Glibc)
  import Glibc
#endif

/// Jobs in the order in which they came, and the threads that take them.
@safe package final class JobQueue: @unchecked Sendable {
  // Guarded by `mutex`: jobs before `next` have been taken.
  private var jobs: [UnownedJob] = []
  private var next = 0
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  // Set before the first thread starts.
  private var execute: @Sendable (UnownedJob) -> Void = { _ in }

  package init() {
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  /// Starts threads that run jobs with `execute`. They, and so this queue, live as long as the process.
  package func start(threads: Int, stackBytes: Int, execute: @escaping @Sendable (UnownedJob) -> Void) {
    self.execute = execute
    for _ in 0..<max(1, threads) {
      var thread = pthread_t()
      var attributes = pthread_attr_t()
      unsafe pthread_attr_init(&attributes)
      unsafe pthread_attr_setstacksize(&attributes, stackBytes)
      let context = unsafe Unmanaged.passRetained(self).toOpaque()
      let status = unsafe pthread_create(
        &thread, &attributes,
        { context in
          guard let context = unsafe context else { return nil }
          unsafe Unmanaged<JobQueue>.fromOpaque(context).takeUnretainedValue().run()
          return nil
        }, context)
      precondition(status == 0, "the system allows no further thread")
      pthread_detach(thread)
    }
  }

  package func enqueue(_ job: consuming ExecutorJob) {
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
      } else if next >= 1024 {
        // A queue that is never empty must not grow for ever.
        jobs.removeFirst(next)
        next = 0
      }
      unsafe pthread_mutex_unlock(mutex)
      execute(job)
    }
  }
}
