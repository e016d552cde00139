import Kernels

/// Weights in bfloat16 and a bias in float32 as the reference computations keep them: both as they are, one behind the
/// other, in half as much memory as float32 weights need.
enum RoundedWeights {
  /// To bfloat16, to the nearest, ties to even.
  static func rounded<T: Real>(_ number: T) -> T { T(isotach_bfloat16_rounded(Float(number))) }

  static func write<T: Real>(_ weights: Operand<T>, _ bias: Operand<T>?, _ target: Operand<T>) {
    target.fill(0)
    let bytes = unsafe UnsafeMutableRawPointer(target.pointer)
    for index in 0..<weights.count {
      let bits = UInt16(truncatingIfNeeded: isotach_bfloat16_rounded(Float(weights[index])).bitPattern >> 16)
      unsafe bytes.storeBytes(of: bits, toByteOffset: 2 * index, as: UInt16.self)
    }
    guard let bias else { return }
    let start = unsafe bytes + (weights.count + 1) / 2 * 4
    for index in 0..<bias.count {
      unsafe start.storeBytes(of: Float(bias[index]), toByteOffset: 4 * index, as: Float.self)
    }
  }

  static func read<T: Real>(_ source: Operand<T>, weights: Int, bias: Int) -> [T] {
    let bytes = unsafe UnsafeRawPointer(source.pointer)
    let start = unsafe bytes + (weights + 1) / 2 * 4
    return (0..<weights).map {
      T(Float(bitPattern: UInt32(unsafe bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) << 16))
    } + (0..<bias).map { T(unsafe start.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)) }
  }
}
