import Kernels
import Tensors

extension Operand<Float> {
  /// A blocked value for the kernels; without halo: they take what lies outside of the image as zero.
  var native: isotach_blocked {
    unsafe isotach_blocked_make(
      pointer, Int64(shape[0]), Int64(shape[1]), Int64(shape[2]), Int64(shape[3]), 0, 0)
  }
}

/// Rows of blocked values that a thread takes at a time: about 16 Ki numbers.
func blockedGrain(_ shape: Shape) -> Int { max(1, 16384 / max(1, shape[3] * Lanes.width)) }
