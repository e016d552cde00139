import Kernels

/// Random numbers that are a function of (seed, stream, position) alone: Philox4x32-10 (Salmon, Moraes, Dror
/// and Shaw, SC 2011).
///
/// Draws in sequence (`next…`) move `position`, which with seed and stream is the whole state. Draws at a place
/// (`…(at:)`) move nothing, so that pieces of a block can be made in any order by anybody; give each kind of
/// draw a stream of its own, for different kinds at one place share bits.
public struct RandomStream: RandomNumberGenerator, Sendable, Hashable, Codable {
  public let seed: UInt64
  public let stream: UInt64
  /// The number of 32-bit words drawn in sequence so far.
  public var position: UInt64

  public init(seed: UInt64, stream: UInt64 = 0, position: UInt64 = 0) {
    self.seed = seed
    self.stream = stream
    self.position = position
  }

  // MARK: At a place

  /// 32 random bits.
  public func word(at index: UInt64) -> UInt32 { isotach_philox_word(seed, stream, index) }

  /// A number in [0, 1) with 24 random bits.
  public func uniform(at index: UInt64) -> Float { Float(word(at: index) >> 8) * 0x1p-24 }

  /// A number in [0, 1) with 53 random bits.
  public func double(at index: UInt64) -> Double {
    Double(isotach_philox_wide(seed, stream, index) >> 11) * 0x1p-53
  }

  /// A normal number of mean 0 and deviation 1 (Box and Muller 1958).
  public func normal(at index: UInt64) -> Double { isotach_philox_normal(seed, stream, index) }

  /// An integer in `0..<bound`, every one equally likely; 0 when `bound` is 0.
  public func integer(below bound: UInt64, at index: UInt64) -> UInt64 {
    guard bound > 1 else { return 0 }
    // Products below the threshold belong to values that would come up once too often (Lemire 2019). A
    // rejected place asks again under another seed.
    let threshold = (0 &- bound) % bound
    var key = seed
    while true {
      let product = isotach_philox_wide(key, stream, index).multipliedFullWidth(by: bound)
      if product.low >= threshold { return product.high }
      key &+= 0x9E37_79B9_7F4A_7C15
    }
  }

  /// Sets `target[k]` to `uniform(at: first + k)`.
  public func fillUniform(_ target: inout MutableSpan<Float>, first: UInt64 = 0) {
    unsafe target.withUnsafeMutableBufferPointer { target in
      unsafe isotach_philox_uniform(seed, stream, first, target.baseAddress, Int64(target.count))
    }
  }

  /// Sets `target[k]` to `normal(at: first + k)`.
  public func fillNormal(_ target: inout MutableSpan<Float>, first: UInt64 = 0) {
    unsafe target.withUnsafeMutableBufferPointer { target in
      unsafe isotach_philox_normals(seed, stream, first, target.baseAddress, Int64(target.count))
    }
  }

  // MARK: In sequence

  /// 32 random bits.
  public mutating func nextWord() -> UInt32 {
    defer { position &+= 1 }
    return word(at: position)
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 {
    let low = UInt64(nextWord())
    return low | UInt64(nextWord()) << 32
  }

  /// A number in [0, 1) with 24 random bits.
  public mutating func nextUniform() -> Float { Float(nextWord() >> 8) * 0x1p-24 }

  /// A number in [0, 1) with 53 random bits.
  public mutating func nextDouble() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A normal number of mean 0 and deviation 1.
  public mutating func nextNormal() -> Double {
    position = position &+ (position & 1)
    defer { position &+= 2 }
    return normal(at: position / 2)
  }

  /// An integer in `0..<bound`, every one equally likely; 0 when `bound` is not positive.
  public mutating func nextInteger(below bound: Int) -> Int {
    guard bound > 1 else { return 0 }
    let bound = UInt64(bound)
    let threshold = (0 &- bound) % bound
    while true {
      let product = next().multipliedFullWidth(by: bound)
      if product.low >= threshold { return Int(product.high) }
    }
  }

  /// The numbers `0..<count` in a random order (Fisher and Yates).
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<max(0, count))
    for last in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(last, nextInteger(below: last + 1))
    }
    return order
  }
}
