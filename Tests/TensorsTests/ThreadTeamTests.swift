import Synchronization
import Testing

@testable import Tensors

@Suite struct ThreadTeamTests {
  /// Counts how often every piece runs.
  final class Tally: Sendable {
    let counts: Mutex<[Int]>
    init(_ pieces: Int) { counts = Mutex(Array(repeating: 0, count: pieces)) }
    func add(_ piece: Int) { counts.withLock { $0[piece] += 1 } }
    var all: [Int] { counts.withLock { $0 } }
  }

  @Test(arguments: [1, 2, 3, 8])
  func everyPieceOnce(threads: Int) {
    let team = ThreadTeam(threads: threads)
    #expect(team.threads == threads)
    for pieces in [0, 1, 2, 7, 100] {
      let tally = Tally(pieces)
      team.parallel(pieces) { tally.add($0) }
      #expect(tally.all == Array(repeating: 1, count: pieces))
    }
  }

  @Test func manyShortRuns() {
    let team = ThreadTeam(threads: 4)
    let sum = Atomic<Int>(0)
    for _ in 0..<5000 { team.parallel(5) { _ = sum.add($0 + 1, ordering: .relaxed) } }
    #expect(sum.load(ordering: .relaxed) == 5000 * 15)
  }

  @Test func callsFromInsideRunInline() {
    let team = ThreadTeam(threads: 3)
    let tally = Tally(12)
    team.parallel(4) { outer in team.parallel(3) { inner in tally.add(outer * 3 + inner) } }
    #expect(tally.all == Array(repeating: 1, count: 12))
  }

  @Test func callersAtTheSameTime() async {
    let team = ThreadTeam(threads: 2)
    let tally = Tally(9)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { for _ in 0..<300 { team.parallel(9) { tally.add($0) } } }
      }
    }
    #expect(tally.all == Array(repeating: 1200, count: 9))
  }

  @Test func workersAreNotSharedAtOneTime() {
    let team = ThreadTeam(threads: 4)
    let busy = Mutex(Set<Int>())
    let clashes = Atomic<Int>(0)
    team.parallel(400) { _, worker in
      if worker < 0 || worker >= 4 || !busy.withLock({ $0.insert(worker).inserted }) {
        _ = clashes.add(1, ordering: .relaxed)
      }
      busy.withLock { _ = $0.remove(worker) }
    }
    #expect(clashes.load(ordering: .relaxed) == 0)
  }

  @Test func manyTeamsComeAndGo() {
    for _ in 0..<50 {
      let team = ThreadTeam(threads: 3)
      let sum = Atomic<Int>(0)
      team.parallel(3) { _ = sum.add($0, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) == 3)
    }
  }
}
