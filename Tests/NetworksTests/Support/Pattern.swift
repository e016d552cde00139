/// Numbers that look random and are the same in every language: the fraction of a multiplicative hash. The peer
/// scripts make the same (`peers/pattern.py`), so golden files hold results alone.
enum Pattern {
  /// In -1 ..< 1, exact in float32 (24 bits).
  static func numbers(_ count: Int, seed: Int) -> [Double] {
    (0..<count).map { index in
      let hash =
        (UInt32(truncatingIfNeeded: index) &+ UInt32(truncatingIfNeeded: seed) &* 7919) &* 2_654_435_761
      let mixed = (hash ^ (hash >> 15)) &* 2_246_822_519
      return Double((mixed ^ (mixed >> 13)) >> 8) / Double(1 << 23) - 1
    }
  }
}
