/// Where each tensor of a program lies in one arena: tensors that are alive at the same time never overlap.
public struct ArenaPlan: Sendable {
  /// A stretch of memory that is wanted from one step to another, both included.
  public struct Request: Sendable, Hashable {
    public let bytes: Int
    public let first: Int
    public let last: Int
    public init(bytes: Int, first: Int, last: Int) {
      (self.bytes, self.first, self.last) = (bytes, first, last)
    }
  }

  /// More than any machine has: larger sums stand for it, so that they never overflow, and memory for it is refused.
  static let most = 1 << 56

  /// In the order of the requests.
  public let offsets: [Int]
  public let bytes: Int

  /// Largest first, each at the lowest place that is free during its whole life (greedy by size: Pisarchyk and
  /// Lee 2020, "Efficient memory management for deep neural net inference").
  public init(_ requests: [Request], alignment: Int = 64) {
    var offsets = [Int](repeating: 0, count: requests.count)
    var placed: [(offset: Int, end: Int, first: Int, last: Int)] = []
    var total = 0
    let order = requests.indices.sorted {
      (requests[$1].bytes, requests[$0].first, $0) < (requests[$0].bytes, requests[$1].first, $1)
    }
    for index in order {
      let request = requests[index]
      let size = (min(max(request.bytes, 1), Self.most) + alignment - 1) / alignment * alignment
      var offset = 0
      // `placed` is kept in the order of its offsets.
      for other in placed where other.first <= request.last && request.first <= other.last {
        if other.offset >= offset + size { break }
        offset = max(offset, other.end)
      }
      offsets[index] = offset
      let end = min(offset + size, Self.most)
      let entry = (offset: offset, end: end, first: request.first, last: request.last)
      let place = placed.firstIndex { $0.offset > offset } ?? placed.count
      placed.insert(entry, at: place)
      total = max(total, end)
    }
    (self.offsets, bytes) = (offsets, total)
  }
}
