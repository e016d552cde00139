/// What windows that move along a dimension cover.
struct ConvolutionReach: Sendable, Hashable {
  let stride: Int
  /// Cells from the first to the last of a window, both counted.
  let reach: Int
  /// Padding in front.
  let before: Int

  /// What the windows `output` cover of their input.
  func inputRange(of output: Range<Int>) -> Range<Int> {
    if output.isEmpty { return 0..<0 }
    let first = output.lowerBound * stride - before
    return first..<max(first, (output.upperBound - 1) * stride - before + reach)
  }

  /// The windows that cover some of the elements `output`: what a transposed convolution makes them from.
  func transposedRange(of output: Range<Int>) -> Range<Int> {
    if output.isEmpty { return 0..<0 }
    let first = floorDivide(output.lowerBound + before - reach + stride, stride)
    return first..<max(first, floorDivide(output.upperBound - 1 + before, stride) + 1)
  }
}

/// a / b rounded down; b above 0.
func floorDivide(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((-a + b - 1) / b) }
