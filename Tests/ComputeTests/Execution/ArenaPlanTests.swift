import Tensors
import Testing

@testable import Compute

@Suite struct ArenaPlanTests {
  /// Requests that are alive together never overlap, for random lives and sizes; the arena is never larger than all
  /// of them side by side, nor smaller than what is alive at once.
  @Test(arguments: 0..<60) func randomRequests(_ seed: Int) {
    var random = RandomStream(seed: UInt64(seed))
    let steps = 1 + random.nextInteger(below: 40)
    let requests = (0..<random.nextInteger(below: 80)).map { _ in
      let first = random.nextInteger(below: steps)
      let last = min(steps, first + random.nextInteger(below: 6))
      let bytes = random.nextInteger(below: 5) == 0 ? 0 : 1 + random.nextInteger(below: 10_000)
      return ArenaPlan.Request(bytes: bytes, first: first, last: last)
    }
    let plan = ArenaPlan(requests)
    func size(_ bytes: Int) -> Int { (max(bytes, 1) + 63) / 64 * 64 }
    for (index, a) in requests.enumerated() {
      #expect(plan.offsets[index] % 64 == 0 && plan.offsets[index] >= 0)
      #expect(plan.offsets[index] + a.bytes <= plan.bytes)
      for (other, b) in requests.enumerated() where other > index && a.first <= b.last && b.first <= a.last {
        let apart =
          plan.offsets[index] + size(a.bytes) <= plan.offsets[other]
          || plan.offsets[other] + size(b.bytes) <= plan.offsets[index]
        #expect(apart, "requests \(index) and \(other) overlap")
      }
    }
    #expect(plan.bytes <= requests.reduce(0) { $0 + size($1.bytes) })
    for step in 0...steps {
      let alive = requests.filter { $0.first <= step && step <= $0.last }.reduce(0) { $0 + size($1.bytes) }
      #expect(plan.bytes >= alive)
    }
  }

  @Test func enormousRequestsDoNotOverflow() {
    let requests = [Int.max, .max - 7, 1 << 62, 5].map { ArenaPlan.Request(bytes: $0, first: 0, last: 2) }
    let plan = ArenaPlan(requests)
    #expect(plan.bytes >= 1 << 55 && plan.bytes < 1 << 60)
  }
}
