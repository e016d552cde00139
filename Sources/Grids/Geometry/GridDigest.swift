extension Grid {
  /// A short text that two grids share only when all their numbers are the same, bit for bit: 64-bit FNV-1a
  /// over kind, extents, axes, centres and corners, in hexadecimal. Names do not count.
  public var digest: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    func add(_ numbers: [Double]) {
      for byte in withUnsafeBytes(of: UInt64(numbers.count), { unsafe Array($0) }) { add(byte) }
      for number in numbers {
        var bits = number.bitPattern
        for _ in 0..<8 {
          add(UInt8(truncatingIfNeeded: bits))
          bits >>= 8
        }
      }
    }
    for byte in kind.rawValue.utf8 { add(byte) }
    for list in [
      y.values, x.values, y.bounds ?? [], x.bounds ?? [], latitudes, longitudes, cornerLatitudes ?? [],
      cornerLongitudes ?? [],
    ] { add(list) }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// True when all centres are those of the other grid within a fraction of a degree, in the same order.
  public func hasSameCenters(as other: Grid, within degrees: Double = 1e-5) -> Bool {
    guard ny == other.ny, nx == other.nx, kind != .bare, other.kind != .bare else { return false }
    if isRectilinear, other.isRectilinear {
      return zip(y.values, other.y.values).allSatisfy { abs($0 - $1) <= degrees }
        && zip(x.values, other.x.values).allSatisfy { abs(Angle.wrap($0 - $1)) <= degrees }
    }
    guard isRectilinear || latitudes.count == count, other.isRectilinear || other.latitudes.count == count
    else {
      return false
    }
    for j in 0..<ny {
      for i in 0..<nx {
        let a = center(j, i), b = other.center(j, i)
        if !(abs(a.latitude - b.latitude) <= degrees) { return false }
        if !(abs(Angle.wrap(a.longitude - b.longitude)) <= degrees) && abs(a.latitude) < 90 - degrees {
          return false
        }
      }
    }
    return true
  }
}
