/// Placeholder until the team with threads lands: runs every piece on the caller.
package final class ThreadTeam: Sendable {
  package let threads: Int
  package init(threads: Int) { self.threads = max(1, threads) }
  package func parallel(_ count: Int, _ body: @Sendable (Int) -> Void) {
    for index in 0..<count { body(index) }
  }
  package func parallel(_ count: Int, _ body: @Sendable (_ piece: Int, _ worker: Int) -> Void) {
    for index in 0..<count { body(index, 0) }
  }
}
