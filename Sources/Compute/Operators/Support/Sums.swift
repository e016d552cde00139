import Kernels

/// Sums of float32 numbers in double, in an order that depends on their count alone.
enum Sums {
  static func plain(_ numbers: UnsafePointer<Float>, _ count: Int) -> Double {
    unsafe isotach_sum(numbers, Int64(count))
  }

  /// The sum of (x - mean)^2.
  static func squares(_ numbers: UnsafePointer<Float>, _ count: Int, mean: Double) -> Double {
    unsafe isotach_sum_squares(numbers, Int64(count), mean)
  }

  /// The sum of a (b - mean).
  static func products(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int, mean: Double
  ) -> Double {
    unsafe isotach_sum_products(a, b, Int64(count), mean)
  }

  /// The sum of term(0) ..< term(count): four strands, then the rest.
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
