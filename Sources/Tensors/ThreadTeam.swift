import Kernels

/// Threads that share numbered pieces of work with their caller (fork and join).
///
/// The pieces must not depend on the number of threads and must write to places of their own: then the result
/// has the same bits whoever ran what. A call from inside a body, or while another thread uses the team, runs
/// all its pieces itself.
@safe package final class ThreadTeam: @unchecked Sendable {
  private let team: OpaquePointer?
  /// The threads that work, the caller counted.
  package let threads: Int

  /// Starts `threads - 1` helpers; they sleep when there is nothing to do.
  package init(threads: Int) {
    let team = unsafe isotach_team_create(CInt(clamping: max(1, threads)))
    unsafe self.team = unsafe team
    if let team = unsafe team {
      self.threads = Int(unsafe isotach_team_threads(team))
    } else {
      self.threads = 1
    }
  }

  deinit { if let team = unsafe team { unsafe isotach_team_destroy(team) } }

  /// Runs `body(piece)` once for every piece in `0..<count` and returns when all are done.
  package func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) {
    parallel(count) { piece, _ in body(piece) }
  }

  /// Runs `body(piece, worker)` once for every piece in `0..<count`; `worker`, below `threads`, tells whose
  /// scratch memory to use: no two bodies that run at the same time have the same.
  package func parallel(_ count: Int, _ body: @Sendable (_ piece: Int, _ worker: Int) -> Void) {
    guard count > 1, threads > 1, let team = unsafe team else {
      for piece in 0..<max(0, count) { body(piece, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      var body: Body = body
      unsafe withUnsafeMutablePointer(to: &body) { context in
        unsafe isotach_team_run(
          team, Int64(count),
          { context, piece, worker in
            guard let context = unsafe context else { return }
            unsafe context.assumingMemoryBound(to: Body.self).pointee(Int(piece), Int(worker))
          }, context)
      }
    }
  }

  private typealias Body = @Sendable (Int, Int) -> Void
}
