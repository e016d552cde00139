/// In which order the rows of a chain of values are made, band by band, and which rows of each must be there at a time.
///
/// Before a band is made, each step has some rows from the top; the band adds as many as the later steps' rows of this
/// band are made of. So no row is made twice, and a value that nobody else reads never needs more memory than a band
/// and the rows that two bands share.
struct BandSchedule: Sendable, Hashable {
  /// What is known of a step: its rows, and how many at a time (all but the last time).
  struct Step: Sendable, Hashable {
    let rows: Int
    let alignment: Int
    /// Of each earlier step that it reads, the rows that some of its own are made of (not cut at the borders).
    let sources: [(step: Int, rows: @Sendable (Range<Int>) -> Range<Int>)]

    static func == (a: Self, b: Self) -> Bool {
      a.rows == b.rows && a.alignment == b.alignment && a.sources.map(\.step) == b.sources.map(\.step)
    }
    func hash(into hasher: inout Hasher) { hasher.combine(rows) }
  }

  /// For each band and step how many rows there are at its end.
  let ends: [[Int]]
  /// For each band and step the first row that is still wanted when the band begins.
  let firsts: [[Int]]

  init(_ steps: [Step], bands: Int) {
    var (ends, firsts): ([[Int]], [[Int]]) = ([], [])
    var done = [Int](repeating: 0, count: steps.count)
    for band in 0..<bands {
      var (need, first) = ([Int](repeating: 0, count: steps.count), steps.map(\.rows))
      var isRead = [Bool](repeating: false, count: steps.count)
      for (index, step) in steps.enumerated().reversed() {
        if !isRead[index] { need[index] = (step.rows * (band + 1) + bands - 1) / bands }
        if band == bands - 1 { need[index] = step.rows }
        let aligned = (need[index] + step.alignment - 1) / step.alignment * step.alignment
        need[index] = min(step.rows, max(aligned, done[index]))
        for source in step.sources {
          isRead[source.step] = true
          if need[index] > 0 {
            need[source.step] = max(
              need[source.step], min(steps[source.step].rows, source.rows(0..<need[index]).upperBound))
          }
          if done[index] < step.rows {
            let low = source.rows(done[index]..<done[index] + 1).lowerBound
            first[source.step] = min(first[source.step], max(0, low))
          }
        }
      }
      // What has no reader is not wanted again.
      for index in steps.indices where !isRead[index] { first[index] = done[index] }
      ends.append(need)
      firsts.append(zip(first, done).map { min($0, $1) })
      done = need
    }
    (self.ends, self.firsts) = (ends, firsts)
  }

  /// The rows that a step makes in a band.
  func rows(_ step: Int, band: Int) -> Range<Int> {
    (band == 0 ? 0 : ends[band - 1][step])..<ends[band][step]
  }

  /// Rows of memory that serve some steps together.
  func capacity(_ steps: [Int]) -> Int {
    ends.indices.reduce(0) { most, band in
      let first = steps.map { firsts[band][$0] }.min() ?? 0
      return max(most, (steps.map { ends[band][$0] }.max() ?? 0) - first)
    }
  }
}
