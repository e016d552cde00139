/// Sums of float32 numbers in double, in an order that depends on their count alone: four strands, then the rest.
enum Sums {
  static func plain(_ numbers: UnsafePointer<Float>, _ count: Int) -> Double {
    strands(count) { unsafe Double(numbers[$0]) }
  }

  /// The sum of (x - mean)^2.
  static func squares(_ numbers: UnsafePointer<Float>, _ count: Int, mean: Double) -> Double {
    strands(count) {
      let deviation = unsafe Double(numbers[$0]) - mean
      return deviation * deviation
    }
  }

  /// The sum of a (b - mean).
  static func products(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int, mean: Double
  ) -> Double {
    strands(count) { unsafe Double(a[$0]) * (Double(b[$0]) - mean) }
  }

  /// The sum of term(0) ..< term(count).
  @inline(__always)
  static func strands(_ count: Int, _ term: (Int) -> Double) -> Double {
    var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
    var index = 0
    while index + 4 <= count {
      a += term(index)
      b += term(index + 1)
      c += term(index + 2)
      d += term(index + 3)
      index += 4
    }
    while index < count {
      a += term(index)
      index += 1
    }
    return (a + b) + (c + d)
  }
}
