/// HDF5's checksum of its metadata: Bob Jenkins's lookup3 (`hashlittle`, start value 0), public domain.
enum SuperblockChecksum {
  /// A superblock of version 2 or 3 has 44 bytes and their checksum.
  static let covered = 44

  /// `H5Fget_file_image` clears the mark "opened for writing" and leaves the checksum as it was (HDF5 1.10).
  /// Versions 0 and 1 have no checksum.
  /// - Returns: false when the bytes do not begin with a superblock that is known here.
  static func repair(_ image: inout [UInt8]) -> Bool {
    let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    guard image.count >= covered + 4, image.starts(with: signature), image[8] <= 3 else { return false }
    if image[8] < 2 { return true }
    // Offsets and lengths of 8 bytes.
    guard image[9] == 8, image[10] == 8 else { return false }
    let sum = lookup3(Array(image[..<covered]))
    for index in 0..<4 { image[covered + index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(index))) }
    return true
  }

  static func lookup3(_ bytes: [UInt8]) -> UInt32 {
    func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { (value << count) | (value >> (32 - count)) }
    func word(_ start: Int) -> UInt32 {
      (0..<4).reduce(0) { sum, index in
        start + index < bytes.count ? sum | UInt32(bytes[start + index]) << (8 * UInt32(index)) : sum
      }
    }
    var a = 0xdead_beef &+ UInt32(truncatingIfNeeded: bytes.count)
    var (b, c) = (a, a)
    var start = 0
    while bytes.count - start > 12 {
      (a, b, c) = (a &+ word(start), b &+ word(start + 4), c &+ word(start + 8))
      (a, c) = ((a &- c) ^ rotate(c, 4), c &+ b)
      (b, a) = ((b &- a) ^ rotate(a, 6), a &+ c)
      (c, b) = ((c &- b) ^ rotate(b, 8), b &+ a)
      (a, c) = ((a &- c) ^ rotate(c, 16), c &+ b)
      (b, a) = ((b &- a) ^ rotate(a, 19), a &+ c)
      (c, b) = ((c &- b) ^ rotate(b, 4), b &+ a)
      start += 12
    }
    guard start < bytes.count else { return c }
    (a, b, c) = (a &+ word(start), b &+ word(start + 4), c &+ word(start + 8))
    c = (c ^ b) &- rotate(b, 14)
    a = (a ^ c) &- rotate(c, 11)
    b = (b ^ a) &- rotate(a, 25)
    c = (c ^ b) &- rotate(b, 16)
    a = (a ^ c) &- rotate(c, 4)
    b = (b ^ a) &- rotate(a, 14)
    return (c ^ b) &- rotate(b, 24)
  }
}
