import Kernels
import Testing

@Suite struct WeightGradientTests {
  /// The gradient by the plain loops, and by a kernel.
  func check(
    _ one: ConvolutionCase, _ bound: Float,
    _ kernel: (inout isotach_convolution, inout isotach_blocked, inout isotach_blocked, inout [Float]) -> Void
  ) {
    let seeds = randomNumbers(one.images * one.filters * one.outHeight * one.outWidth, 6)
    var shape = one.shape
    var expected = [Float](
      repeating: .nan, count: one.filters * one.channels / one.groups * one.kernel.0 * one.kernel.1)
    isotach_weight_gradient_reference(&shape, one.x, seeds, &expected)
    for level in cpuLevels {
      atLevel(level) {
        let x = BlockedValue(
          one.x, channels: one.channels, images: one.images, height: one.height, width: one.width,
          halo: one.halo)
        let dy = BlockedValue(
          seeds, channels: one.filters, images: one.images, height: one.outHeight, width: one.outWidth,
          halo: (0, 1))
        var found = [Float](repeating: .nan, count: expected.count)
        kernel(&shape, &x.layout, &dy.layout, &found)
        #expect(relativeError(found, expected) < bound, "level \(level)")
      }
    }
  }

  static let small = WinogradTests.cases.filter { !$0.isTurned }

  @Test(arguments: small, [0, 1, 4]) func winograd(one: ConvolutionCase, chunks: Int64) {
    check(one, 1e-5) { shape, x, dy, dw in
      var plan = isotach_winograd_gradient()
      guard isotach_winograd_gradient_plan(&shape, &plan) == 1 else { return }
      // As planned; as many weights would be, in one chunk or several.
      if chunks > 0 {
        plan.parts = 0
        plan.chunk_tiles = (plan.forward.tiles + chunks - 1) / chunks
        plan.chunks = (plan.forward.tiles + plan.chunk_tiles - 1) / plan.chunk_tiles
      }
      var shared = [Float](repeating: .nan, count: Int(isotach_winograd_gradient_shared(&plan)))
      for phase in 0..<isotach_winograd_gradient_phases(&plan) {
        for piece in (0..<isotach_winograd_gradient_pieces(&plan, phase)).reversed() {
          isotach_winograd_gradient_run(&plan, phase, piece, &x, &dy, &dw, &shared)
        }
      }
    }
  }

  @Test(arguments: GeneralConvolutionTests.cases.filter { !$0.isTurned })
  func general(one: ConvolutionCase) {
    check(one, 2e-6) { shape, x, dy, dw in
      var plan = isotach_general_gradient()
      guard isotach_general_gradient_plan(&shape, &plan) == 1 else { return }
      var shared = [Float](repeating: .nan, count: Int(isotach_general_gradient_shared(&plan)))
      for phase in 0..<isotach_general_gradient_phases(&plan) {
        for piece in (0..<isotach_general_gradient_pieces(&plan, phase)).reversed() {
          isotach_general_gradient_run(&plan, phase, piece, &x, &dy, &dw, &shared)
        }
      }
    }
  }

  @Test(arguments: BorderConvolutionTests.depthwises.filter { !$0.isTurned })
  func depthwise(one: ConvolutionCase) {
    check(one, 2e-6) { shape, x, dy, dw in
      var plan = isotach_depthwise()
      guard isotach_depthwise_plan(&shape, &plan) == 1 else { return }
      for block in 0..<x.blocks {
        isotach_depthwise_gradient(&plan, &x, &dy, &dw, block, block + 1)
      }
    }
  }

  @Test func bias() {
    let (images, channels, plane) = (3, 20, 5 * 7)
    let seeds = randomNumbers(images * channels * plane, 8)
    let dy = BlockedValue(seeds, channels: channels, images: images, height: 5, width: 7, halo: (1, 1))
    var found = [Float](repeating: .nan, count: channels)
    isotach_bias_gradient(&dy.layout, Int64(channels), &found, 1, 2)
    #expect(found[0].isNaN)
    isotach_bias_gradient(&dy.layout, Int64(channels), &found, 0, 1)
    let expected = (0..<channels).map { c in
      (0..<images).reduce(Float(0)) { sum, n in
        sum + seeds[(n * channels + c) * plane..<(n * channels + c + 1) * plane].reduce(0, +)
      }
    }
    #expect(relativeError(found, expected) < 1e-6)
  }
}
