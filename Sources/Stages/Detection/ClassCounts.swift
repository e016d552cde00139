/// How often each probability was given where a class was, and where it was not; all cellwise measures are made of it.
struct ClassCounts: Sendable {
  /// Probabilities are told apart to this many parts of 1.
  static let bins = 1 << 14
  /// By bin.
  private(set) var present = [Int](repeating: 0, count: bins + 1)
  private(set) var absent = [Int](repeating: 0, count: bins + 1)
  private var squares = 0.0
  private(set) var n = 0

  mutating func add(_ probability: Float, _ isThere: Bool) {
    let bin = Self.bin(probability)
    if isThere { present[bin] += 1 } else { absent[bin] += 1 }
    let d = Double(probability) - (isThere ? 1 : 0)
    squares += d * d
    n += 1
  }

  static func bin(_ probability: Float) -> Int {
    let scaled = (Double(probability) * Double(bins)).rounded(.down)
    return max(0, min(bins, Int(exactly: scaled) ?? 0))
  }

  struct Table: Sendable {
    var hits = 0, falseAlarms = 0, misses = 0, rejections = 0
    var precision: Double { ratio(hits, hits + falseAlarms) }
    var recall: Double { ratio(hits, hits + misses) }
    var f1: Double { ratio(2 * hits, 2 * hits + falseAlarms + misses) }
    var iou: Double { ratio(hits, hits + falseAlarms + misses) }
    var far: Double { ratio(falseAlarms, hits + falseAlarms) }
    var bias: Double { ratio(hits + falseAlarms, hits + misses) }
    var accuracy: Double { ratio(hits + rejections, hits + falseAlarms + misses + rejections) }
    private func ratio(_ a: Int, _ b: Int) -> Double { b > 0 ? Double(a) / Double(b) : .nan }
  }

  /// The class is said to be where its probability is at least that of the bin.
  func table(from bin: Int) -> Table {
    var table = Table()
    for index in 0...Self.bins {
      if index >= bin {
        table.hits += present[index]
        table.falseAlarms += absent[index]
      } else {
        table.misses += present[index]
        table.rejections += absent[index]
      }
    }
    return table
  }

  /// The lowest bin from which F1 is largest.
  var best: Int {
    var (hits, alarms) = (0, 0)
    let all = present.reduce(0, +)
    var (best, most) = (Self.bins, -1.0)
    for bin in stride(from: Self.bins, through: 0, by: -1) {
      hits += present[bin]
      alarms += absent[bin]
      guard present[bin] + absent[bin] > 0 else { continue }
      let f1 = 2 * Double(hits) / Double(max(1, hits + alarms + all))
      if f1 >= most { (best, most) = (bin, f1) }
    }
    return best
  }

  /// Area under the curve of hit rate over false alarm rate, ties counted half: the share of pairs of cells with and
  /// without the class that are told apart (Mann and Whitney).
  var rocAUC: Double {
    let (p, q) = (present.reduce(0, +), absent.reduce(0, +))
    guard p > 0, q > 0 else { return .nan }
    var (below, sum) = (0, 0.0)
    for bin in 0...Self.bins {
      sum += Double(present[bin]) * (Double(below) + Double(absent[bin]) / 2)
      below += absent[bin]
    }
    return sum / (Double(p) * Double(q))
  }

  /// Area under the curve of precision over recall, as steps: sklearn's average precision.
  var prAUC: Double {
    let p = present.reduce(0, +)
    guard p > 0 else { return .nan }
    var (hits, alarms, sum) = (0, 0, 0.0)
    for bin in stride(from: Self.bins, through: 0, by: -1) where present[bin] + absent[bin] > 0 {
      hits += present[bin]
      alarms += absent[bin]
      sum += Double(present[bin]) / Double(p) * Double(hits) / Double(hits + alarms)
    }
    return sum
  }

  /// Mean square of probability less 1 or 0 (Brier 1950).
  var brier: Double { n > 0 ? squares / Double(n) : .nan }
}
