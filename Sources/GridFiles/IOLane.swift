import Basics

/// The lane on which every call of netCDF-C and HDF5 is made: both libraries allow one thread at a time.
/// A function that touches them is `@IOLane`, so a call from elsewhere does not compile without `await`.
@globalActor public actor IOLane {
  public static let shared = IOLane()
  private static let thread = LaneThread()
  public nonisolated var unownedExecutor: UnownedSerialExecutor { IOLane.thread.asUnownedSerialExecutor() }
}

/// One thread that runs the jobs of the lane in order.
private final class LaneThread: SerialExecutor {
  private let queue = JobQueue()

  init() {
    // HDF5 recurses through deep groups.
    queue.start(threads: 1, stackBytes: 8 << 20) { [self] job in
      LibraryStartup.done
      job.runSynchronously(on: asUnownedSerialExecutor())
    }
  }

  func enqueue(_ job: consuming ExecutorJob) { queue.enqueue(job) }
}
