#if canImport(Glibc)
  import Glibc
#endif

/// The lane on which every call of netCDF-C and HDF5 is made: both libraries allow one thread at a time.
/// A function that touches them is `@IOLane`, so a call from elsewhere does not compile without `await`.
@globalActor public actor IOLane {
  public static let shared = IOLane()
  private static let thread = LaneThread()
  public nonisolated var unownedExecutor: UnownedSerialExecutor { IOLane.thread.asUnownedSerialExecutor() }
}

/// One thread that runs the jobs of the lane in order.
private final class LaneThread: SerialExecutor, @unchecked Sendable {
  // Guarded by `mutex`.
  private var jobs: [UnownedJob] = []
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    // HDF5 recurses through deep groups.
    unsafe pthread_attr_setstacksize(&attributes, 8 << 20)
    let context = unsafe Unmanaged.passRetained(self).toOpaque()
    let status = unsafe pthread_create(
      &thread, &attributes,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<LaneThread>.fromOpaque(context).takeUnretainedValue().run()
        return nil
      }, context)
    precondition(status == 0, "the system allows no further thread")
    pthread_detach(thread)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    unsafe pthread_mutex_lock(mutex)
    jobs.append(job)
    unsafe pthread_cond_signal(condition)
    unsafe pthread_mutex_unlock(mutex)
  }

  private func run() {
    LibraryStartup.done
    while true {
      unsafe pthread_mutex_lock(mutex)
      while jobs.isEmpty { unsafe pthread_cond_wait(condition, mutex) }
      let batch = jobs
      jobs.removeAll(keepingCapacity: true)
      unsafe pthread_mutex_unlock(mutex)
      for job in batch { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }
  }
}
